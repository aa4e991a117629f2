import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { isAbsent } from '../output/durableFile.ts';
import type { LockHolder, Operator } from '../runbook/events.ts';
import { ago, localTime } from '../text/format.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { fileLockHolder, releaseLockOf } from './fileLock.ts';
import { isRunning } from './operator.ts';

/** Where the settings say that tv keeps its state, and for which environment. */
type Place = { readonly stateDirectory: string; readonly environment: string };

export function lockDirectory({ stateDirectory, environment }: Place): string {
  return join(stateDirectory, 'locks', environment);
}

/**
 * Questions that wait for an answer at some terminal of this machine, and runs that hold a lock.
 * @throws TvError where that cannot be read
 */
export function lockRecords(place: Place): {
  readonly asking: readonly LockHolder[];
  readonly holding: readonly LockHolder[];
} {
  const root = lockDirectory(place);
  const names = namesIn(root);
  const asking = names
    .filter((name) => name.startsWith('asking-'))
    .flatMap((name) => readRecord(join(root, name)) ?? [])
    .filter(({ operator }) => isRunning(operator));
  const holding = directoriesIn(root, names).flatMap((directory) => fileLockHolder(directory) ?? []);
  return {
    asking,
    holding: [...new Map(holding.map((by) => [`${by.operator.pid} ${by.what}`, by])).values()],
  };
}

/** Releases every lock of an operator whose process a person has said to have ended. @throws WriteError */
export function releaseLocksOf(place: Place, operator: Operator): void {
  const root = lockDirectory(place);
  for (const directory of directoriesIn(root, namesIn(root))) releaseLockOf(directory, operator);
}

/** The lock of the environment, and those of the things that runs touch. */
function directoriesIn(root: string, names: readonly string[]): readonly string[] {
  const things = names.filter((name) => name.startsWith('thing-'));
  return names.length === 0 ? [] : [root, ...things.map((name) => join(root, name))];
}

function namesIn(root: string): readonly string[] {
  try {
    return isAbsent(root) ? [] : readdirSync(root);
  } catch (error) {
    throw new TvError('lock.unreadable', 'The locks on this machine cannot be read.', {
      facts: { locks: root, problem: (error as Error).message },
      next: onThisMachine(`ls -ld ${quoteForShell(root)}`),
      cause: error,
    });
  }
}

function readRecord(file: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch {
    // Answered meanwhile, or written by a tv that was killed in the middle.
    return undefined;
  }
}

/** Who holds a lock, since when and with what, in words. */
export function describeHolder(
  by: LockHolder,
  now: Date,
): Readonly<Record<'who' | 'what' | 'since', string>> {
  return { who: whoIs(by.operator), what: by.what, since: sinceWhen(by, now) };
}

function sinceWhen({ since }: LockHolder, now: Date): string {
  if (since === null) return 'unknown';
  const start = new Date(since);
  return `${localTime(start)} (${ago(start, now)})`;
}

/** Of a holder that only the database names, the process is unknown. */
export function whoIs({ user, host, pid }: LockHolder['operator']): string {
  return `${user}@${host}${pid > 0 ? `, process ${pid}` : ''}`;
}
