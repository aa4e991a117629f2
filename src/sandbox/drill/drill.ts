import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { DrillHistory } from '../../journal/drills.ts';
import { acquireFileLock } from '../../journal/fileLock.ts';
import { thisOperator } from '../../journal/operator.ts';
import { RedactingWriter } from '../../output/redactingWriter.ts';
import { Secrets } from '../../output/secrets.ts';
import type { Clock } from '../../runbook/context.ts';
import type { ProcessIdentity } from '../machine/processStart.ts';
import { sandboxDirectory, sandboxPaths, stateDirectory } from '../paths.ts';
import { runningState, type SandboxState } from '../state.ts';
import { writeWhole } from '../writeWhole.ts';

/**
 * The drill that an operator has. It holds the seed and not the faults: they cannot be read here by accident, nor
 * in the sandbox, where `breakUnrecorded` leaves no trace of their names.
 */
export interface Drill {
  readonly id: string;
  readonly seed: number;
  readonly minutes: number;
  /** Null until the clock runs: a start that was cut off. */
  readonly running: Running | null;
}

interface Running {
  /** ISO 8601. */
  readonly startedAt: string;
  /** The sandbox's first process. Another one is another sandbox, or the same after a reboot. */
  readonly init: ProcessIdentity;
  readonly before: Measured;
}

/** What must not become less. */
export interface Measured {
  /** Events that differ between chain and database. */
  readonly rows: number;
  /** In base units as decimal text, by the symbol of the token. */
  readonly funds: Readonly<Record<string, string>>;
}

/** Where the drills of this machine are kept. */
const drillsDirectory = (): string => join(stateDirectory(), 'drills');

/** The operator's name where it can be one of a sandbox; else as much of it as can, and a digest of the whole. */
export function drillName(user: string): string {
  const plain = user
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 14);
  const digest = createHash('sha256').update(user).digest('hex').slice(0, 8);
  return `drill-${plain === user ? plain : `${plain}-${digest}`}`;
}

/** The sandbox of this operator's drill. */
export const ownDrillName = (): string => drillName(thisOperator().user);

const drillFile = (name: string): string => join(drillsDirectory(), `${name}.json`);

/** Undefined where there is none. @throws TvError where it cannot be read */
export function readDrill(name: string): Drill | undefined {
  const file = drillFile(name);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Drill;
  } catch (error) {
    throw new TvError('drill.unreadable', 'The state of the drill cannot be read.', {
      facts: { file, reason: (error as Error).message },
      next: { when: 'without a score', tv: ['sandbox', 'down', '--name', name] },
    });
  }
}

export function writeDrill(name: string, drill: Drill): void {
  mkdirSync(drillsDirectory(), { recursive: true, mode: 0o700 });
  writeWhole(drillFile(name), `${JSON.stringify(drill)}\n`);
}

export function forgetDrill(name: string): void {
  rmSync(drillFile(name), { force: true });
}

/** The sandbox in which the drill is on; undefined where it has gone, has stopped, or was made anew. */
export function sandboxOf(name: string, { running }: Drill): SandboxState | undefined {
  const state = runningState(sandboxPaths(sandboxDirectory({ name })));
  const init = state?.machine.init;
  return init?.pid === running?.init.pid && init?.start === running?.init.start ? state : undefined;
}

/** One call at a time starts or ends an operator's drill. @throws TvError where another one does */
export async function lockDrill<T>(name: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const lock = acquireFileLock(join(drillsDirectory(), `${name}.lock`), {
    operator: thisOperator(),
    what: 'drill',
    since: clock.now().toISOString(),
  });
  if (!lock.held) {
    const { operator, since } = lock.by;
    throw new TvError('drill.running', 'Another call of tv drill is at work on this drill.', {
      facts: { drill: name, by: `${operator.user}, process ${operator.pid}`, since: since ?? 'unknown' },
      next: { tv: ['drill', 'status'] },
      exitCode: exitCodes.locked,
    });
  }
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

export function openHistory(clock: Clock): DrillHistory {
  return new DrillHistory(stateDirectory(), new RedactingWriter(new Secrets()), clock);
}
