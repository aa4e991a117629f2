import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Advice } from '../errors/advice.ts';
import { exitCodes, TvError } from '../errors/TvError.ts';
import {
  acquireFileLock,
  fileLockHolder,
  type LockAnswer,
  type RemoteLockAnswer,
} from '../journal/fileLock.ts';
import { describeHolder, lockDirectory, whoIs } from '../journal/lockRecords.ts';
import { replaceFile, WriteError } from '../output/durableFile.ts';
import type { Check } from '../runbook/check.ts';
import type { Concurrency } from '../runbook/concurrency.ts';
import type { LockHolder } from '../runbook/events.ts';
import { monotonic } from '../runbook/monotonic.ts';
import { duration, localTime } from '../text/format.ts';
import { type Engine, Refusal } from './engine.ts';
import { judge } from './judgeConcurrency.ts';

/** How long a protective run waits for the database's lock, in milliseconds. */
const protectiveLockMs = 2_000;
/** How often a run that waits tries again, in milliseconds. */
const retryMs = 500;

/** Who wants the locks, and what for. */
export interface LockRequest {
  readonly runbook: string;
  /** As the holder is shown to others: `reindex (reindex events)`. */
  readonly what: string;
  readonly concurrency: Concurrency;
  /** How long to wait for a run that blocks this one, in milliseconds. */
  readonly waitMs: number;
}

/** The locks while they are held. */
export interface HeldLocks {
  /** Runs beside this one that do not block it, and locks that could not be had. */
  readonly warnings: readonly Check[];
  /** @throws TvError where one of them was lost */
  assertHeld(): Promise<void>;
}

/** Of what only reads. */
export const noLocks: HeldLocks = { warnings: [], assertHeld: async () => {} };

type Held = LockAnswer & { readonly held: true };

/**
 * Holds the locks of the environment while `work` runs: on this machine one for the environment and one for
 * each thing that the run touches, and the one in the database, which other machines see. Where that cannot
 * be taken a warning says so, and procedures that need no database continue.
 * @throws Refusal with exit code 6, naming who holds it, what runs and since when
 */
export async function withLocks<T>(
  engine: Engine,
  request: LockRequest,
  work: (locks: HeldLocks) => Promise<T>,
): Promise<T> {
  const locks = await acquire(engine, request);
  const { held, warnings } = locks;
  try {
    return await work({
      warnings,
      assertHeld: async () => {
        for (const lock of held) await lock.assertHeld?.();
      },
    });
  } finally {
    for (const lock of held.toReversed()) await lock.release();
  }
}

interface Attempt {
  readonly held: readonly Held[];
  readonly warnings: readonly Check[];
}

async function acquire(engine: Engine, request: LockRequest): Promise<Attempt> {
  const { clock } = engine.ctx;
  const until = monotonic(clock) + request.waitMs;
  let shown: string | undefined;
  for (;;) {
    const attempt = await tryAll(engine, request);
    if (!('by' in attempt)) return attempt;
    const left = until - monotonic(clock);
    if (left <= 0) throw lockedBy(attempt.by, engine);
    if (shown !== attempt.by.what) {
      engine.watch({ type: 'lock.waiting', for: attempt.by, limitMs: left });
      shown = attempt.by.what;
    }
    await clock.sleep(Math.min(retryMs, left), engine.interrupt.stop);
  }
}

/** All locks, or none and the run that blocks this one. */
async function tryAll(engine: Engine, request: LockRequest): Promise<Attempt | { readonly by: LockHolder }> {
  const { runbook, what, concurrency } = request;
  const since = engine.ctx.clock.now().toISOString();
  const { touches } = concurrency;
  const holder: LockHolder = { operator: engine.operator, what, since, runbook, touches };
  const held: Held[] = [];
  const besides = new Map<string, LockHolder>();
  const giveBack = async (by: LockHolder) => {
    for (const lock of held.toReversed()) await lock.release();
    return { by };
  };
  const root = lockDirectory(engine.ctx.settings);
  const own = [root, ...[`run ${runbook}`, ...touches].map((thing) => thingDirectory(root, thing))];
  try {
    for (const directory of own) {
      const answer = acquireFileLock(directory, holder);
      if (answer.held) held.push(answer);
      else if (blocks(request, answer.by)) return giveBack(answer.by);
      else besides.set(answer.by.what, answer.by);
    }
    for (const by of protectiveHolders(root, own)) {
      if (blocks(request, by)) return giveBack(by);
      besides.set(by.what, by);
    }
  } catch (error) {
    for (const lock of held.toReversed()) await lock.release();
    if (!(error instanceof WriteError)) throw error;
    if (concurrency.protective) return { held: [], warnings: [withoutLock(error)] };
    throw new Refusal('lock.unavailable', 'The lock cannot be taken; nothing was changed.', {
      exitCode: exitCodes.blocked,
      facts: { ...error.facts, reason: error.message },
      next: error.next,
    });
  }
  const remote = await takeRemote(engine, holder, concurrency.protective).catch(async (error: unknown) => {
    for (const lock of held.toReversed()) await lock.release();
    throw error;
  });
  if (remote.held === false) {
    if (blocks(request, remote.by)) return giveBack(remote.by);
    besides.set(remote.by.what, remote.by);
  } else if (remote.held) held.push(remote);
  const warnings = [...besides.values()].map(beside);
  return { held, warnings: remote.held === null ? [...warnings, onlyHere(remote)] : warnings };
}

/** Those that run without the environment's lock, because what held it did not block them. */
function protectiveHolders(root: string, own: readonly string[]): readonly LockHolder[] {
  return readdirSync(root)
    .filter((name) => name.startsWith('thing-'))
    .map((name) => join(root, name))
    .filter((directory) => !own.includes(directory))
    .flatMap((directory) => fileLockHolder(directory) ?? []);
}

async function takeRemote(engine: Engine, holder: LockHolder, hurried: boolean): Promise<RemoteLockAnswer> {
  if (!hurried) return engine.remoteLock(holder);
  // What waits for nothing else does not wait for a lock that cannot be had, either.
  const asked = engine.remoteLock(holder).catch((error: unknown) => {
    if (error instanceof TvError) return { held: null, reason: error.message, next: error.next };
    throw error;
  });
  const remote = await Promise.race([asked, sleep(protectiveLockMs, undefined, { ref: false })]);
  if (remote !== undefined) return remote;
  // Had too late, it would keep others out for no run at all.
  asked.then((late) => late.held === true && late.release()).catch(() => {});
  return {
    held: null,
    reason: `The database did not answer within ${duration(protectiveLockMs)}.`,
    next: [],
  };
}

function blocks({ runbook, concurrency }: LockRequest, by: LockHolder): boolean {
  const other = {
    runbook: by.runbook ?? 'unknown',
    touches: by.touches ?? [],
    state: 'running' as const,
    supersedesItself: false,
    residual: false,
    holdsUpOthers: true,
  };
  return judge(runbook, concurrency, other) === 'blocks';
}

/**
 * @throws Refusal with exit code 6 where a run that blocks this one holds a lock on this machine now. Asking a
 * person first, only to refuse then, would waste their time.
 */
export function assertUnlocked(engine: Engine, request: LockRequest): void {
  if (request.waitMs > 0) return;
  const root = lockDirectory(engine.ctx.settings);
  const things = [`run ${request.runbook}`, ...request.concurrency.touches];
  for (const directory of [root, ...things.map((thing) => thingDirectory(root, thing))]) {
    const by = fileLockHolder(directory);
    if (by !== undefined && blocks(request, by)) throw lockedBy(by, engine);
  }
}

/**
 * Leaves a record that others see in `tv status` while a question is open. It blocks no run.
 * @returns the answer of `ask`
 */
export async function whileAsking<T>(engine: Engine, what: string, ask: () => Promise<T>): Promise<T> {
  const { settings, clock } = engine.ctx;
  const file = join(lockDirectory(settings), `asking-${engine.operator.pid}.json`);
  const record: LockHolder = { operator: engine.operator, what, since: clock.now().toISOString() };
  try {
    replaceFile(file, JSON.stringify(record));
  } catch {
    // It only informs.
  }
  try {
    return await ask();
  } finally {
    rmSync(file, { force: true });
  }
}

function withoutLock({ message, next }: WriteError): Check {
  return {
    id: 'lock',
    world: 'run',
    status: 'warn',
    summary: `runs without the lock, so other operators are not kept out: ${message.replace(/\.$/, '')}`,
    next,
  };
}

function onlyHere({ reason, next }: Extract<RemoteLockAnswer, { held: null }>): Check {
  return {
    id: 'lock',
    world: 'database',
    status: 'warn',
    summary: `the lock in the database could not be taken, so runs on other machines are not kept out: ${reason.replace(/\.$/, '')}`,
    next,
  };
}

function beside({ operator, what, since }: LockHolder): Check {
  return {
    id: 'lock',
    world: 'run',
    status: 'warn',
    summary: `another run is in progress, and may undo what this one does: ${what}`,
    facts: {
      who: whoIs(operator),
      since: since === null ? 'unknown' : localTime(new Date(since)),
    },
    next: [{ when: 'stop it with Ctrl-C where it runs, then', tv: ['runs', 'list'] }],
  };
}

function thingDirectory(root: string, thing: string): string {
  return join(root, `thing-${thing.replaceAll(' ', '-')}`);
}

function lockedBy(by: LockHolder, engine: Engine): Refusal {
  return new Refusal('lock.held', `Another run holds the lock of ${engine.ctx.settings.environment}.`, {
    exitCode: exitCodes.locked,
    facts: describeHolder(by, engine.ctx.clock.now()),
    // Seen in the database only: its journal is on the machine where it runs.
    next: [
      by.operator.pid > 0 ? { tv: ['runs', 'list'] } : { tv: ['runs', 'list'], on: by.operator.host },
      { when: 'or', again: ['--wait', '10m'] },
    ],
  });
}

/** The reason of a lost lock, whatever kind of error it was. */
export function lostLock(error: unknown): { readonly reason: string; readonly next: readonly Advice[] } {
  if (error instanceof TvError) return { reason: error.message, next: error.next };
  return { reason: error instanceof Error ? error.message : String(error), next: [] };
}
