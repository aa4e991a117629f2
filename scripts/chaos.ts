// Two operators on one sandbox, random commands, and everything that can go wrong in the middle of them; what comes of
// it is judged by readers that are not tv. Prints what was tried, and the shortest way to each violation.
import { parseArgs } from 'node:util';
import { randomOf } from '../src/sandbox/drill/mix.ts';
import { downOf, judge, type Model, type Violation } from './chaos/judge.ts';
import { type Action, chooseRound, type Ending, play, type Round } from './chaos/play.ts';
import { Readers } from './chaos/readers.ts';
import { shrink } from './chaos/shrink.ts';
import { Tally } from './chaos/table.ts';
import { World } from './chaos/world.ts';

const usage = `Usage: npm run chaos -- [--minutes N] [--recoveries N] [--seed S] [--shrink-minutes N] [--verbose]
                         [--command NAME]… [--fault NAME]…
       until so many minutes have passed (default 2) or runs were recovered, or something is violated
       The same seed chooses the same commands, faults and moments. Not the same each time: what the scheduler, the
       chain and the database do meanwhile, and so at which instruction a signal comes, and what two operators do to
       each other. Where that makes another state of things, other commands fit from there on.`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    minutes: { type: 'string', default: '2' },
    recoveries: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'shrink-minutes': { type: 'string', default: '10' },
    command: { type: 'string', multiple: true },
    fault: { type: 'string', multiple: true },
    verbose: { type: 'boolean', default: false },
  },
});
/** How many rounds the processes are sampled for before what they showed is looked through. */
const sampledRounds = 25;

const stop = new AbortController();

class Game {
  readonly world: World;
  readonly readers: Readers;
  #model: Model;
  playMs = 0;
  judgeMs = 0;

  private constructor(world: World, readers: Readers, total: Model['total']) {
    this.world = world;
    this.readers = readers;
    this.#model = { total, orders: [], claims: {}, screens: '' };
  }

  static async open(): Promise<Game> {
    const world = await World.open((line) => console.log(line));
    try {
      const readers = await Readers.open(world);
      return new Game(world, readers, await readers.total());
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** Plays a round to its end, and judges what is so then. */
  async play(
    round: Round,
    number: number,
  ): Promise<{ readonly endings: readonly Ending[]; readonly violations: readonly Violation[] }> {
    const began = Date.now();
    const endings = await Promise.all(round.map((action) => play(this.world, action)));
    const played = Date.now();
    const screens = this.world.screens();
    this.#model = follow({ ...this.#model, screens }, endings);
    const readings = await this.readers.read();
    const found = judge(this.#model, readings);
    // What is down was said now, and counts until it is up again.
    const lasting = Object.entries(this.#model.claims).filter(
      ([name, said]) => said !== '*' || readings.state[name] !== 'active',
    );
    const known = Object.fromEntries(downOf(readings).map((name) => [name, '*']));
    this.#model = { ...this.#model, claims: { ...known, ...Object.fromEntries(lasting) } };
    const shown = number % sampledRounds === 0 ? await this.world.findProcessLeaks() : [];
    const leaks =
      shown.length > readings.leaks.length ? judge(this.#model, { ...readings, leaks: shown }) : found;
    this.playMs += played - began;
    this.judgeMs += Date.now() - played;
    const violations = [...endings.flatMap((ending) => ending.violations), ...leaks];
    if (values.verbose === true || violations.length > 0) console.log(screens);
    return { endings, violations };
  }
}

/** What must be so after these endings, in the order in which they came. */
function follow(model: Model, endings: readonly Ending[]): Model {
  const claims: Record<string, string> = { ...model.claims };
  const touched = new Map<string, number>();
  for (const { action, verified, untouched, undone } of endings.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (untouched) continue;
    for (const [name, value] of Object.entries(action.claims ?? {})) {
      touched.set(name, (touched.get(name) ?? 0) + 1);
      if (verified) claims[name] = value;
      else if (!undone) delete claims[name];
    }
  }
  // Which of two was the last one, their ends do not say.
  for (const [name, times] of touched) if (times > 1) claims[name] = '*';
  const orders = endings.flatMap(({ order }) => (order === undefined ? [] : [order]));
  return { ...model, claims, orders: [...model.orders, ...orders] };
}

/** Whether a list of rounds, played in a new world, comes to a violation of the same kind. */
async function comesTo(kinds: ReadonlySet<string>, rounds: readonly Round[]): Promise<boolean> {
  const game = await Game.open();
  try {
    for (const round of rounds) {
      if (stop.signal.aborted) break;
      const { violations } = await game.play(round, 1);
      if (violations.some(({ kind }) => kinds.has(kind))) return true;
    }
    return false;
  } finally {
    await game.world.close();
  }
}

async function work(): Promise<void> {
  const seed = Number(values.seed);
  const random = randomOf(seed);
  const end = Date.now() + Number(values.minutes) * 60_000;
  const wanted = Number(values.recoveries ?? Number.POSITIVE_INFINITY);
  const tally = new Tally();
  const played: Round[] = [];
  let violations: readonly Violation[] = [];
  const abandoned: string[] = [];
  let amount = 1_000_000n;
  const game = await Game.open();
  const began = Date.now();
  try {
    while (
      !stop.signal.aborted &&
      Date.now() < end &&
      tally.sum('recovered') < wanted &&
      violations.length === 0
    ) {
      game.world.tidyBackups();
      const scene = {
        ...{ random, state: await game.readers.state(), backups: game.world.backupNames() },
        deployment: game.world.deployment,
        freshAmount: () => ++amount,
        only: { commands: values.command, faults: values.fault },
      };
      const round = chooseRound(
        scene,
        game.world.operators.every(({ clock }) => clock !== undefined),
      );
      played.push(round);
      const result = await game.play(round, played.length);
      violations = result.violations;
      for (const ending of result.endings) {
        tally.add(violations.length > 0 ? { ...ending, result: 'violated' } : ending);
        const { action } = ending;
        const words = `${played.length} ${((Date.now() - began) / 1000).toFixed(0)} s, ${tally.sum('recovered')} recovered: operator ${action.operator} ${action.command}, ${action.fault} ${action.delayMs} ms after ${action.after === 'call' ? 'its call' : `line ${action.after}`}: ${ending.result} (${ending.calls.join('; ')})`;
        console.log(words);
        if (ending.result === 'abandoned') abandoned.push(words);
      }
    }
    if (violations.length === 0)
      violations = (await game.world.findProcessLeaks()).map(({ place, secret, form }) => ({
        kind: 'secret',
        words: `${secret}, ${form}, in ${place}`,
      }));
  } finally {
    await game.world.close();
  }
  console.log(`\n${tally}\n`);
  for (const words of abandoned) console.log(`! ${words}`);
  const seconds = (Date.now() - began) / 1000;
  console.log(`played for ${game.playMs} ms, judged for ${game.judgeMs} ms`);
  console.log(
    `seed ${seed}: ${tally.sum('recovered')} recovered in ${seconds.toFixed(0)} s, ${played.length} rounds`,
  );
  if (violations.length === 0) return;
  process.exitCode = 1;
  for (const { kind, words } of violations) console.log(`✖ ${kind}: ${words}`);
  console.log(`in round ${played.length} of seed ${seed}: ${JSON.stringify(played.at(-1))}`);
  const limit = Date.now() + Number(values['shrink-minutes']) * 60_000;
  const enough = () => Date.now() < limit && !stop.signal.aborted;
  const kinds = new Set(violations.map(({ kind }) => kind));
  const actions = played.flatMap((round, at) => round.map((action) => ({ at, action })));
  const shortest = await shrink(
    actions,
    async (part) => {
      // What rests on milliseconds does not come each time.
      for (let tries = part.length <= 2 ? 3 : 1; tries > 0 && enough(); tries--)
        if (await comesTo(kinds, roundsOf(part))) return true;
      return false;
    },
    enough,
  );
  console.log(
    shortest.length === actions.length
      ? `none of its parts came to it within ${values['shrink-minutes']} min`
      : `the shortest part that came to it again: ${JSON.stringify(roundsOf(shortest))}`,
  );
}

/** What was at the same time stays so. */
function roundsOf(actions: readonly { readonly at: number; readonly action: Action }[]): readonly Round[] {
  return [...Map.groupBy(actions, ({ at }) => at).values()].map((round) => round.map(({ action }) => action));
}

// The round is played to its end, and everything cleared away.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());

if (values.help === true) console.log(usage);
else await work();
