// Tells tv, and only tv, a lie of each of its sources in turn, and compares what its screens say with what is so.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { readPassword } from '../src/sandbox/passwords.ts';
import { sandboxPaths } from '../src/sandbox/paths.ts';
import type { SandboxState } from '../src/sandbox/state.ts';
import { callTv, type Output } from './calls.ts';
import {
  type Act,
  acts,
  type Command,
  claims,
  dryRuns,
  reports,
  undetectable,
  type World,
  wellClaim,
} from './liars/commands.ts';
import { copyDatabases, readLost } from './liars/databases.ts';
import { type Judgement, judge, type Undetectable } from './liars/judge.ts';
import { type Lie, lies, type Told } from './liars/lies.ts';
import { readTruth, rpc, type Sources, type Truth } from './liars/truth.ts';
import { tableOf } from './table.ts';

const usage = `Usage: npm run liars -- [--command PATTERN] [--lie PATTERN] [--world well|ill] [--no-acts] [--screens DIR]
       default: every command behind every lie that can reach it, in a sandbox that is well and in one that is ill`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    command: { type: 'string', default: '' },
    lie: { type: 'string', default: '' },
    world: { type: 'string', default: '' },
    'no-acts': { type: 'boolean' },
    screens: { type: 'string' },
  },
});

const name = 'liars';
/** A signal ends the run after the commands under way, so that the sandbox is removed. */
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
/** Of tv's processes. */
const atOnce = 3;

interface Cell extends Judgement {
  readonly world: World;
  readonly command: string;
  readonly lie: string;
}

if (values.help === true) {
  console.log(usage);
} else {
  const state = mkdtempSync(join(tmpdir(), 'tv-liars-'));
  // The sandbox's database runs as another user, who has to reach its files.
  chmodSync(state, 0o711);
  const env = { ...process.env, TV_STATE_DIR: state, TV_ENVIRONMENT: name, NO_COLOR: '1' };
  try {
    await work(state, env);
  } catch (error) {
    process.exitCode = 1;
    console.error(`✖ ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await callTv(['sandbox', 'down', '--name', name], env);
    rmSync(state, { recursive: true, force: true });
  }
}

async function work(state: string, env: NodeJS.ProcessEnv): Promise<void> {
  const up = await callTv(['sandbox', 'up', '--name', name, '--contracts', 'compact'], env);
  if (up.exitCode !== 0) throw new Error(up.stderr);
  const paths = sandboxPaths(join(state, 'sandbox', name));
  const sandbox = JSON.parse(readFileSync(paths.state, 'utf8')) as SandboxState;
  const server = {
    host: '127.0.0.1',
    port: sandbox.ports.database,
    user: 'postgres',
    password: readPassword(paths, 'postgres'),
  };
  const database = new Client({ ...server, database: 'tempovault' });
  const folder = join(state, 'lies');
  mkdirSync(folder, { mode: 0o755 });
  const bench: Bench = {
    folder,
    screens: values.screens,
    tv: (args, config = paths.config) => callTv(['-e', name, '--config', config, ...args], env),
    sources: {
      chain: `http://127.0.0.1:${sandbox.ports.chain}`,
      database,
      deployment: sandbox.deployment,
      inside: join(paths.bin, 'inside'),
      lost: [],
      backupsSound: true,
    },
    words: {},
  };
  const cells: Cell[] = [];
  try {
    await expectDone(bench.tv(['db', 'backup', '--yes']));
    await copyDatabases(server, bench.sources.inside);
    await database.connect();
    const [deposit] = (
      await database.query(
        "SELECT transaction_hash AS hash FROM events WHERE event_type = 'Deposited' ORDER BY id DESC LIMIT 1",
      )
    ).rows;
    const words = {
      $TRANSACTION: deposit.hash as string,
      $ORACLE: sandbox.deployment.accounts.oracle.address,
      $NAME: name,
    };
    const told: Told = {
      chain: bench.sources.chain,
      head: Number(await rpc(bench.sources.chain, 'eth_blockNumber', [])),
      folder,
      inside: bench.sources.inside,
      backups: paths.backup,
      configWithDatabase: (copy) => {
        const password = encodeURIComponent(readPassword(paths, 'tempovault'));
        const url = `postgresql://tempovault:${password}@127.0.0.1:${server.port}/${copy}`;
        return readFileSync(paths.config, 'utf8').replace(
          '    database:\n',
          `    database:\n      url: ${url}\n`,
        );
      },
    };
    for (const world of ['well', 'ill'] as const) {
      if (!world.startsWith(values.world)) continue;
      if (world === 'ill') await makeIll(bench, database);
      const lost = world === 'ill' ? await readLost(database) : [];
      const here: Bench = { ...bench, words, sources: { ...bench.sources, lost } };
      cells.push(...(await tryAll(here, told, world)));
    }
  } finally {
    await database.end();
  }
  report(cells);
}

interface Bench {
  readonly folder: string;
  readonly screens: string | undefined;
  readonly sources: Sources;
  /** What stands for a word that is known only now. */
  readonly words: Readonly<Record<string, string>>;
  tv(args: readonly string[], config?: string): Promise<Output>;
}

/** A breaker is open, the relay dead, events are missing, and a second indexer runs. */
async function makeIll(bench: Bench, database: Client): Promise<void> {
  await expectDone(bench.tv(['breaker', 'trip', '--pair', 'AlphaUSD-pathUSD', '--confirm', name]));
  await database.query('CREATE TEMP TABLE liar_events AS SELECT transaction_hash, log_index FROM events');
  for (const fault of ['corrupt-db', 'kill-oracle', 'two-indexers'])
    await expectDone(bench.tv(['sandbox', 'break', fault, '--name', name]));
}

async function tryAll(bench: Bench, told: Told, world: World): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  const truth = await readTruth(bench.sources);
  const chosen = [...reports, ...dryRuns].filter(({ words }) =>
    new RegExp(values.command).test(words.join(' ')),
  );
  const wanted = lies.filter((lie) => new RegExp(values.lie).test(lie.name));
  // What is said without a lie has to be so: else the judge is wrong, or tv.
  const honest = await inTurns(
    chosen.map((command) => () => tryOne(bench, { command, lie: undefined, told, world, truth })),
  );
  cells.push(...honest);
  const tasks = wanted.flatMap((lie) =>
    chosen
      .filter(({ reads }) => reads.includes(lie.source))
      .map((command) => () => tryOne(bench, { command, lie, told, world, truth })),
  );
  cells.push(...(await inTurns(tasks)));
  if (values['no-acts'] !== true)
    for (const act of acts.filter(
      (one) => one.world === world && new RegExp(values.command).test(one.words.join(' ')),
    ))
      for (const lie of wanted.filter(({ source }) => act.reads.includes(source)))
        if (!stopped.signal.aborted) cells.push(await tryAct(bench, { act, lie, told, world }));
  return cells;
}

interface Trial {
  readonly command: Command;
  readonly lie: Lie | undefined;
  readonly told: Told;
  readonly world: World;
  readonly truth: Truth;
}

async function tryOne(bench: Bench, { command, lie, told, world, truth }: Trial): Promise<Cell> {
  const done = await behind(bench, command.words, lie, told);
  const about = nameOf(command.words);
  const judgement = judge(
    { exitCode: done.exitCode, text: done.stdout + done.stderr },
    {
      truth,
      claims: [
        ...claims,
        ...(command.claims ?? []),
        ...(command.isVerdict === true ? [wellClaim(world, lie?.nothing === true)] : []),
      ],
      lie: lie?.name ?? '',
      command: about,
      excuses: undetectable,
    },
  );
  return note(bench, { ...judgement, world, command: about, lie: lie?.name ?? 'no lie' }, done);
}

async function tryAct(
  bench: Bench,
  {
    act,
    lie,
    told,
    world,
  }: { readonly act: Act; readonly lie: Lie; readonly told: Told; readonly world: World },
): Promise<Cell> {
  const done = await behind(bench, act.words, lie, told);
  const truth = await readTruth(bench.sources);
  const isDone = act.isDone(truth);
  const about = nameOf(act.words);
  const judgement = judge(
    { exitCode: done.exitCode, text: `${done.stdout}${done.stderr} exit code ${done.exitCode}` },
    {
      truth,
      claims: [
        { id: 'done', words: /exit code 0$|Done and verified/, isTrue: () => isDone },
        {
          id: 'done',
          words: /nothing was (changed|sent)|was not sent|reverted|rolled back/,
          isTrue: () => !isDone,
        },
      ],
      lie: lie.name,
      command: about,
      excuses: undetectable,
    },
  );
  if (act.back !== undefined && isDone) {
    await expectDone(bench.tv([...act.back.map((word) => bench.words[word] ?? word), ...ownState(bench)]));
  }
  return note(bench, { ...judgement, world, command: about, lie: lie.name }, done);
}

/** What one run leaves unfinished, or remembers of a lie, does not reach the next. */
function ownState(bench: Bench): readonly string[] {
  return ['--set', `stateDirectory=${mkdtempSync(join(bench.folder, 'state-'))}`];
}

async function behind(
  bench: Bench,
  words: readonly string[],
  lie: Lie | undefined,
  told: Told,
): Promise<Output> {
  const channel = await lie?.tell(told);
  try {
    return await bench.tv(
      [...words.map((word) => bench.words[word] ?? word), ...ownState(bench), ...(channel?.args ?? [])],
      channel?.config,
    );
  } finally {
    await channel?.end();
  }
}

function nameOf(words: readonly string[]): string {
  const end = words.findIndex((word) => word.startsWith('-') || word.startsWith('$'));
  const name = words.slice(0, end === -1 ? undefined : end).join(' ');
  return words.includes('--dry-run') ? `${name} --dry-run` : name;
}

function note(bench: Bench, cell: Cell, done: Output): Cell {
  if (bench.screens !== undefined) {
    mkdirSync(bench.screens, { recursive: true });
    const file = `${cell.world}, ${cell.command}, ${cell.lie}`.replaceAll(/[^\w, ]/g, '-');
    writeFileSync(join(bench.screens, file), `exit ${done.exitCode}\n${done.stdout}${done.stderr}`);
  }
  if (cell.verdict === 'UNTRUE')
    for (const { id, words } of cell.untrue)
      console.log(`UNTRUE  ${cell.world}  ${cell.command}  behind ${cell.lie}: "${words}" (${id})`);
  return cell;
}

async function inTurns<T>(tasks: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < tasks.length && !stopped.signal.aborted; at = next++) {
      const task = tasks[at];
      if (task !== undefined) results[at] = await task();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  // Where it was stopped, some have not begun.
  return results.filter((result) => result !== undefined);
}

function report(cells: readonly Cell[]): void {
  const rows = cells.map(({ world, command, lie, verdict }) => [command, world, lie, verdict]);
  console.log(`\n${tableOf(['command', 'world', 'lie', 'verdict'], rows)}`);
  const used = new Set<Undetectable>(cells.flatMap(({ excuses }) => excuses));
  for (const excuse of used)
    console.log(`undetectable: ${excuse.lie}: ${excuse.claims.join(', ')}: ${excuse.reason}`);
  const whole = values.command === '' && values.lie === '' && values.world === '';
  const unused = whole ? undetectable.filter((excuse) => !used.has(excuse)) : [];
  for (const { lie, claims: ids } of unused)
    console.log(`✖ no longer undetectable, remove it from the table: ${lie}: ${ids.join(', ')}`);
  const count = (verdict: string) => cells.filter((cell) => cell.verdict === verdict).length;
  const verdicts = ['true', 'unknown', 'undetectable', 'UNTRUE'];
  console.log(
    `${cells.length} runs: ${verdicts.map((verdict) => `${count(verdict)} ${verdict}`).join(', ')}`,
  );
  if (count('UNTRUE') > 0 || unused.length > 0) process.exitCode = 1;
}

async function expectDone(call: Promise<Output>): Promise<void> {
  const { exitCode, stderr, stdout } = await call;
  if (exitCode !== 0) throw new Error(stderr || stdout);
}
