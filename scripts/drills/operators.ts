import { setTimeout as sleep } from 'node:timers/promises';
import { isOfBusyMachine } from '../../src/sandbox/drill/faults.ts';
import { commandOf, type Output } from '../calls.ts';

/** Where an operator of a drill sits. */
export interface Desk {
  /** The drill's sandbox, and its environment. */
  readonly sandbox: string;
  tv(args: readonly string[]): Promise<Output>;
  /** One line as it is pasted into `tv sandbox shell` of the drill. */
  paste(line: string): Promise<Output>;
}

interface Status {
  readonly findings: readonly { readonly id: string; readonly cause: string | null }[];
  readonly next: readonly string[];
}

/** What an operator pasted, in order. */
export type Pasted = readonly string[];

export const operators = { perfect, careless, idle } as const;
export type OperatorName = keyof typeof operators;

/** Less than a drill's time, so that a wrong advice ends in a score. In milliseconds. */
const limitMs = 240_000;
/** How long a remedy has to take effect before the next one is tried. In milliseconds. */
const effectMs = 15_000;
/**
 * Reads `tv status`, does what it says first, and looks again, until it finds nothing. Knows nothing of faults,
 * nor of the commands that it pastes.
 */
async function perfect(desk: Desk): Promise<Pasted> {
  const pasted: string[] = [];
  const end = performance.now() + limitMs;
  let seen = await status(desk);
  while (performance.now() < end && seen.findings.length > 0) {
    const before = idsOf(seen);
    let changed = false;
    for (const advice of seen.next) {
      await follow(desk, advice, pasted);
      seen = await untilOther(desk, before, Math.min(end, performance.now() + effectMs));
      changed = idsOf(seen) !== before;
      if (changed) break;
    }
    if (!changed) break;
  }
  return pasted;
}

/**
 * Acts before looking: opens a breaker to be on the safe side, and only then does what `tv status` says, once,
 * without looking again.
 */
async function careless(desk: Desk): Promise<Pasted> {
  const pasted: string[] = [];
  await follow(desk, 'tv breaker trip --pair AlphaUSD-pathUSD', pasted);
  for (const advice of (await status(desk)).next) await follow(desk, advice, pasted);
  return pasted;
}

/** Does nothing. */
async function idle(): Promise<Pasted> {
  return [];
}

/** Pastes a piece of advice, answers what is asked, and does what the screen says where it failed. */
async function follow(desk: Desk, advice: string, pasted: string[], depth = 0): Promise<void> {
  const line = commandOf(advice, programs);
  if (line === undefined) return;
  pasted.push(line);
  let done = await desk.paste(line);
  const answered = commandOf(nextOf(done) ?? '', programs);
  if (done.exitCode === notConfirmed && answered !== undefined) done = await desk.paste(answered);
  const next = nextOf(done);
  if (next !== undefined && depth < deepest) await follow(desk, next, pasted, depth + 1);
}

/** The first piece of advice of a call that failed. */
function nextOf({ exitCode, stdout, stderr }: Output): string | undefined {
  return /^Next: (.+)$/m.exec(exitCode === 0 ? '' : `${stdout}\n${stderr}`)?.[1];
}

const notConfirmed = 4;
const deepest = 2;

const programs = ['tv', 'sed', 'systemctl', 'kill', 'journalctl'];

async function status(desk: Desk): Promise<Status> {
  const { stdout, stderr } = await desk.tv(['-e', desk.sandbox, 'status', '--json']);
  try {
    const { findings, next } = JSON.parse(stdout) as Status;
    return { findings: findings.filter(({ id }) => !isOfBusyMachine(id)), next };
  } catch {
    throw new Error(`tv status printed no JSON: ${stdout}${stderr}`);
  }
}

/** Looks until the causes are others than before. */
async function untilOther(desk: Desk, before: string, end: number): Promise<Status> {
  for (;;) {
    const seen = await status(desk);
    if (idsOf(seen) !== before || performance.now() > end) return seen;
    await sleep(500);
  }
}

function idsOf({ findings }: Status): string {
  return findings
    .filter(({ cause }) => cause === null)
    .map(({ id }) => id)
    .join(' ');
}
