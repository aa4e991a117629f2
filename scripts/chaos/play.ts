import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Output } from '../calls.ts';
import { chooseCommand, type Scene } from './commands.ts';
import { chooseFault, faults } from './faults.ts';
import type { Order, Violation } from './judge.ts';
import { type Call, environment, type Operator, type World } from './world.ts';

/** One command with what happens to it: plain data, so that it can be printed and done again. */
export interface Action {
  readonly operator: 0 | 1;
  readonly command: string;
  readonly words: readonly string[];
  readonly order?: string;
  readonly claims?: Readonly<Record<string, string>>;
  readonly fault: string;
  /** When the fault comes: so long after the call, or after the run's journal has so many lines. */
  readonly after: 'call' | number;
  readonly delayMs: number;
  readonly holdMs: number;
  /** How the run is closed first. */
  readonly direction: 'resume' | 'undo';
  /** When that is killed, too, after it was called. */
  readonly againMs?: number;
}

/** What happens at the same time. */
export type Round = readonly Action[];

/** @param scene what the commands rest on. All else comes from its random numbers. */
export function chooseRound(scene: Scene, withClock: boolean): Round {
  const { random } = scene;
  const first = random() < 0.5 ? 0 : 1;
  const both = random() < 0.75;
  const operators = (both ? [first, 1 - first] : [first]) as (0 | 1)[];
  return operators.map((operator) => chooseAction(scene, operator, withClock));
}

function chooseAction(scene: Scene, operator: 0 | 1, withClock: boolean): Action {
  const { random } = scene;
  const { command, choice } = chooseCommand(scene);
  const { spanMs, lines } = command;
  const after = random() < 0.85 ? 1 + Math.floor(random() * lines) : 'call';
  const delayMs = Math.floor(random() * (after === 'call' ? beforeRunMs + spanMs : (2 * spanMs) / lines));
  // The other one may hold the lock.
  const patient = command.reads !== true && random() < 0.9 ? ['--wait', '60s'] : [];
  return {
    ...{
      operator,
      command: command.name,
      words: [...choice.words, ...patient],
      fault: chooseFault(random, { withClock, only: scene.only.faults }),
      after,
      delayMs,
    },
    ...(choice.order === undefined ? {} : { order: choice.order }),
    ...(choice.claims === undefined ? {} : { claims: choice.claims }),
    holdMs: 200 + Math.floor(random() * 2_500),
    direction: random() < 0.7 ? 'resume' : 'undo',
    ...(random() < 0.2 ? { againMs: 300 + Math.floor(random() * 1.5 * command.spanMs) } : {}),
  };
}

/** From a call until its run begins, about. */
const beforeRunMs = 600;

/** What became of an action. */
export interface Ending {
  readonly action: Action;
  /**
   * `done`: it ended as ever, or rolled back by itself. `refused`: nothing was changed. `recovered`: it was cut off or
   * failed, and was resumed or undone. `repeated`: the same command anew has taken its place.
   */
  readonly result: 'done' | 'refused' | 'recovered' | 'repeated' | 'abandoned' | 'violated';
  readonly violations: readonly Violation[];
  readonly order: Order | undefined;
  /** The run was verified, and its claims with it. */
  readonly verified: boolean;
  /** Nothing was changed, and so no claim either. */
  readonly untouched: boolean;
  /** All is as it was before. */
  readonly undone: boolean;
  readonly endedAt: number;
  /** Of each call: its exit code, its words, and what it says first. */
  readonly calls: readonly string[];
}

/** How a run may end. */
const closed = ['verified', 'rolled-back', 'undone', 'abandoned'];
/** A call that lasts longer hangs. */
const longestMs = 150_000;
/** How often a run may be resumed and undone before it has to be abandoned. */
const mostAttempts = 4;
/** What a command may end with. */
const knownCodes = [0, 1, 2, 3, 4, 5, 6, 7];

export async function play(world: World, action: Action): Promise<Ending> {
  const operator = world.operators[action.operator] as Operator;
  const fault = faults[action.fault];
  if (fault === undefined) throw new Error(`no fault ${action.fault}`);
  const violations: Violation[] = [];
  const calls: string[] = [];
  const before = runIds(operator);
  const note = (words: readonly string[], { exitCode, stdout, stderr }: Output) => {
    const problem = exitCode === 0 ? /^Done.*in .*$/m : /^\s*✖.*$/m;
    calls.push(`${exitCode} tv ${words.join(' ')}: ${problem.exec(stdout + stderr)?.[0].trim() ?? ''}`);
    if (exitCode !== -1 && exitCode < 128 && !knownCodes.includes(exitCode))
      violations.push({ kind: 'exit code', words: `${exitCode} of tv ${words.join(' ')}` });
  };

  const call = world.start(operator, action.words, { terminal: fault.terminal === true });
  await awaitMoment(operator, call, action, before);
  const struck = !call.over;
  if (struck) await fault.impose(world, operator, call, action.holdMs);
  const output = await endOf(world, operator, call, violations, action.words);
  await restOf(world, operator, violations);
  await fault.mend?.(world, operator);
  note(action.words, output);

  const run = [...runIds(operator)].find((id) => !before.has(id));
  const closing =
    run === undefined ? undefined : await close(world, operator, action, run, { note, violations });
  if (run !== undefined && output.exitCode === 0 && closing?.attempts !== 0)
    violations.push({
      kind: 'exit code',
      words: `0 of tv ${action.words.join(' ')}, and its run was not closed`,
    });
  const status = closing?.status;
  // Nothing is done before it is in a journal.
  const untouched = run === undefined && output.exitCode !== 0;
  return {
    action,
    result: violations.length > 0 ? 'violated' : resultOf(output, run, closing),
    violations,
    order: action.order === undefined ? undefined : { amount: action.order, said: saidOf(status, untouched) },
    verified: status === 'verified' || (run === undefined && output.exitCode === 0),
    untouched,
    undone: /^(undone|rolled-back)$/.test(status ?? ''),
    endedAt: Date.now(),
    calls,
  };
}

function resultOf(
  { exitCode }: Output,
  run: string | undefined,
  closing: Closing | undefined,
): Ending['result'] {
  if (closing?.repeated === true) return 'repeated';
  if (closing?.status === 'abandoned') return 'abandoned';
  if (closing !== undefined && closing.attempts > 0) return 'recovered';
  return exitCode === 0 || run !== undefined ? 'done' : 'refused';
}

/** Without a journal nothing can have been signed. */
function saidOf(status: string | undefined, untouched: boolean): Order['said'] {
  if (status === 'verified') return 'verified';
  return untouched ? 'nothing' : 'unknown';
}

interface Closing {
  readonly status: string;
  /** How many calls it took. */
  readonly attempts: number;
  readonly repeated?: true;
}

/**
 * Resumes or undoes a run until it is closed. Where the other operator has changed what it did, the same command anew
 * takes its place, unless it pays; where nothing else helps, it is abandoned.
 */
async function close(
  world: World,
  operator: Operator,
  action: Action,
  run: string,
  {
    note,
    violations,
  }: {
    readonly note: (words: readonly string[], output: Output) => void;
    readonly violations: Violation[];
  },
): Promise<Closing> {
  let direction = action.direction;
  let anew = false;
  for (let attempts = 0; ; attempts++) {
    const status = statusOf(operator, run);
    if (anew) return { status: 'verified', attempts, repeated: true };
    if (closed.includes(status)) return { status, attempts };
    if (attempts > mostAttempts + 2) {
      violations.push({ kind: 'not closed', words: `${run} is ${status} after ${attempts} attempts` });
      return { status, attempts };
    }
    const again = attempts === mostAttempts - 1 && action.order === undefined;
    const words = again
      ? action.words
      : attempts >= mostAttempts
        ? ['runs', 'abandon', run, '--reason', 'chaos', '--confirm', environment]
        : ['runs', direction, run, '--confirm', environment, '--wait', '60s'];
    const call = world.start(operator, words);
    if (attempts === 0 && action.againMs !== undefined) {
      await Promise.race([call.ended, sleep(action.againMs)]);
      if (!call.over) call.child.kill('SIGKILL');
    }
    const output = await endOf(world, operator, call, violations, words);
    const { exitCode } = output;
    await restOf(world, operator, violations);
    note(words, output);
    // What a run cannot do one way it may do the other way.
    if (exitCode === 3 || (exitCode !== -1 && attempts % 2 === 1))
      direction = direction === 'resume' ? 'undo' : 'resume';
    if (exitCode === 6) await sleep(500);
    anew = again && exitCode === 0;
  }
}

/** Of the longest copy of its journal: a run in an emergency may have moved to another place. */
function statusOf({ journals }: Operator, run: string): string {
  const copies = journals
    .map((folder) => join(folder, `${run}.jsonl`))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
  return runStatus(copies.toSorted((a, b) => b.length - a.length)[0] ?? '');
}

/** How a run ended, by its journal; `cut off` where it says nothing of an end. */
export function runStatus(journal: string): string {
  let status = 'cut off';
  for (const line of journal.split('\n').slice(0, -1)) {
    const { type, outcome } = eventIn(line);
    if (type === 'run.resumed' || type === 'run.undoing') status = 'cut off';
    if (type === 'run.ended') status = outcome ?? 'cut off';
    if (type === 'run.abandoned') status = 'abandoned';
  }
  return status;
}

/** Of a damaged line nothing: the judge names it. */
function eventIn(line: string): { readonly type?: string; readonly outcome?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

async function awaitMoment(
  operator: Operator,
  call: Call,
  { after, delayMs }: Action,
  before: ReadonlySet<string>,
) {
  while (after !== 'call' && !call.over && newLines(operator, before) < after) await sleep(3);
  const wait = new AbortController();
  await Promise.race([call.ended, sleep(delayMs, undefined, { signal: wait.signal }).catch(() => {})]);
  wait.abort();
}

/** Of the journals of runs that were not there before. */
function newLines({ journals }: Operator, before: ReadonlySet<string>): number {
  const texts = journals.flatMap((folder) =>
    namesIn(folder)
      .filter((run) => !before.has(run))
      .map((run) => readFileSync(join(folder, `${run}.jsonl`), 'utf8')),
  );
  return texts.join('').split('\n').length - 1;
}

/** Of every place in which it may have a journal. */
function runIds({ journals }: Operator): ReadonlySet<string> {
  return new Set(journals.flatMap(namesIn));
}

function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => /^(.*)\.jsonl$/.exec(name)?.[1] ?? []);
}

async function endOf(
  world: World,
  operator: Operator,
  call: Call,
  violations: Violation[],
  words: readonly string[],
) {
  const limit = new AbortController();
  const hanging = sleep(longestMs, undefined, { signal: limit.signal }).then(
    () => 'hangs' as const,
    () => 'ended' as const,
  );
  if ((await Promise.race([call.ended, hanging])) === 'hangs') {
    violations.push({ kind: 'hangs', words: `tv ${words.join(' ')} for ${longestMs / 1000} s` });
    for (const each of await world.processesLeft(operator))
      process.kill(Number(each.split(' ')[0]), 'SIGKILL');
  }
  limit.abort();
  return call.ended;
}

/** tv itself may outlive the terminal that was around it: it finishes its step. */
async function restOf(world: World, operator: Operator, violations: Violation[]): Promise<void> {
  const end = Date.now() + longestMs;
  const running = async () =>
    (await world.processesLeft(operator)).filter((each) => each.includes('bin/tv.js'));
  for (let left = await running(); left.length > 0; left = await running()) {
    if (Date.now() > end) {
      violations.push({ kind: 'hangs', words: left.join(', ') });
      for (const each of left) process.kill(Number(each.split(' ')[0]), 'SIGKILL');
    }
    await sleep(20);
  }
}
