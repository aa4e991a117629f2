import { join } from 'node:path';
import { exitCodes } from '../errors/TvError.ts';
import { type Engine, Refusal } from './engine.ts';
import { acquireFileLock, type LockAnswer, type LockHolder } from './lock.ts';

/**
 * Holds both locks of the environment while `work` runs: the file on this machine, and the one in
 * the database, which other machines see. Where the database is away its lock cannot be had; the
 * checks say so, and the procedures that need no database go on.
 * @throws Refusal with exit code 6, saying who holds it, what runs and since when
 */
export async function withLocks<T>(engine: Engine, what: string, work: () => Promise<T>): Promise<T> {
  const { clock } = engine.ctx;
  const holder: LockHolder = { operator: engine.operator, what, since: clock.now().toISOString() };
  const local = acquireFileLock(lockDirectory(engine.ctx.settings), holder);
  if (!local.held) throw lockedBy(local.by, engine);
  try {
    const remote = await engine.remoteLock(holder);
    if (remote?.held === false) throw lockedBy(remote.by, engine);
    try {
      return await work();
    } finally {
      await (remote as Extract<LockAnswer, { held: true }> | undefined)?.release();
    }
  } finally {
    await local.release();
  }
}

export function lockDirectory(settings: { stateDirectory: string; environment: string }): string {
  return join(settings.stateDirectory, 'locks', settings.environment);
}

function lockedBy(by: LockHolder, engine: Engine): Refusal {
  const seconds = Math.round((engine.ctx.clock.now().getTime() - Date.parse(by.since)) / 1000);
  return new Refusal(`Another run holds the lock of ${engine.ctx.settings.environment}.`, {
    exitCode: exitCodes.locked,
    facts: {
      who: `${by.operator.user}@${by.operator.host}${by.operator.pid > 0 ? `, process ${by.operator.pid}` : ''}`,
      what: by.what,
      since: `${by.since} (${seconds} s ago)`,
    },
    // Seen in the database only: its journal lies on the machine where it runs.
    next: [by.operator.pid > 0 ? 'tv runs list' : `on ${by.operator.host}: tv runs list`],
  });
}
