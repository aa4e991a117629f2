import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, TvError } from '../errors/TvError.ts';
import type { Check } from './check.ts';
import { WriteError } from './durableFile.ts';
import { type Engine, Refusal } from './engine.ts';
import { acquireFileLock, type LockAnswer, type LockHolder } from './lock.ts';
import { ago, localTime } from './text.ts';

/** How long an emergency waits for the database's lock, in milliseconds. */
const emergencyLockMs = 2_000;

/**
 * Holds both locks of the environment while `work` runs: the file on this machine, and the one in
 * the database, which other machines see. Where the database is away its lock cannot be had; the
 * checks say so, and the procedures that need no database continue.
 * @param options.goingPast the name of an emergency runbook: it runs beside any run but one of the same
 * name, and is handed a warning that names the other
 * @param options.protective where the state directory cannot be written it continues without its lock
 * @throws Refusal with exit code 6, saying who holds it, what runs and since when
 */
export async function withLocks<T>(
  engine: Engine,
  what: string,
  work: (others: readonly Check[]) => Promise<T>,
  {
    goingPast,
    protective = false,
  }: { readonly goingPast?: string | undefined; readonly protective?: boolean } = {},
): Promise<T> {
  const { clock } = engine.ctx;
  const holder: LockHolder = { operator: engine.operator, what, since: clock.now().toISOString() };
  const passes = ({ what: theirs }: LockHolder) =>
    goingPast !== undefined &&
    !theirs.includes(goingPast) &&
    !theirs.includes(goingPast.replaceAll(' ', '-'));
  const local = takeLocal(engine, holder, protective);
  if (local instanceof WriteError) return work([withoutLock(local)]);
  if (!local.held && !passes(local.by)) throw lockedBy(local.by, engine);
  try {
    // What waits for nothing else does not wait for a lock that cannot be had, either.
    const asked = engine.remoteLock(holder).catch((error: unknown) => {
      if (goingPast === undefined || !(error instanceof TvError)) throw error;
      return undefined;
    });
    const remote = await (goingPast === undefined
      ? asked
      : Promise.race([asked, sleep(emergencyLockMs, undefined, { ref: false })]));
    // Had too late, it would keep others out for no run at all.
    if (remote === undefined) asked.then((late) => late?.held === true && late.release()).catch(() => {});
    if (remote?.held === false && !passes(remote.by)) throw lockedBy(remote.by, engine);
    const other = [local, remote].find((answer) => answer?.held === false);
    try {
      return await work(other?.held === false ? [besides(other.by)] : []);
    } finally {
      if (remote?.held === true) await remote.release();
    }
  } finally {
    if (local.held) await local.release();
  }
}

/** @throws Refusal where the lock file cannot be written and the run must not continue without it */
function takeLocal(engine: Engine, holder: LockHolder, protective: boolean): LockAnswer | WriteError {
  try {
    return acquireFileLock(lockDirectory(engine.ctx.settings), holder);
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    if (protective) return error;
    throw new Refusal('The lock cannot be taken; nothing was changed.', {
      exitCode: exitCodes.blocked,
      facts: { ...error.facts, reason: error.message },
      next: error.next,
    });
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

function besides({ operator, what, since }: LockHolder): Check {
  return {
    id: 'lock',
    world: 'run',
    status: 'warn',
    summary: `another run goes on meanwhile, and may undo what this one does: ${what}`,
    facts: {
      who: `${operator.user}@${operator.host}, process ${operator.pid}`,
      since: localTime(new Date(since)),
    },
    next: [`stop it with Ctrl-C where it runs, then: tv runs list`],
  };
}

export function lockDirectory(settings: { stateDirectory: string; environment: string }): string {
  return join(settings.stateDirectory, 'locks', settings.environment);
}

function lockedBy(by: LockHolder, engine: Engine): Refusal {
  const since = new Date(by.since);
  return new Refusal(`Another run holds the lock of ${engine.ctx.settings.environment}.`, {
    exitCode: exitCodes.locked,
    facts: {
      who: `${by.operator.user}@${by.operator.host}${by.operator.pid > 0 ? `, process ${by.operator.pid}` : ''}`,
      what: by.what,
      since: `${localTime(since)} (${ago(since, engine.ctx.clock.now())})`,
    },
    // Seen in the database only: its journal lies on the machine where it runs.
    next: [by.operator.pid > 0 ? 'tv runs list' : `on ${by.operator.host}: tv runs list`],
  });
}
