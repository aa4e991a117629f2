import { sql } from 'kysely';
import { onHost } from '../../errors/advice.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { lockHolderOf, lockPrefix, ownLockPids } from '../acquireRunLock.ts';
import { client, isOwnSession, ownPid } from '../expressions.ts';
import { type ForeignSession, listForeignSessions, sessionLines } from './listForeignSessions.ts';

export interface ClearSessionsParameters {
  readonly names: readonly string[];
  /** End the sessions of others, too. tv's own always end, but for the lock of another run. */
  readonly endSessions: boolean;
  readonly signal?: AbortSignal;
}

/** Sessions of stopped services are gone within this time (milliseconds). */
const patienceMs = 8_000;
/** Another tv that only tries to take the lock is gone within this time (milliseconds). */
const attemptMs = 3_000;

/** Of a row of `pg_stat_activity`: the session holds the lock of a run. */
const isLock = sql<boolean>`starts_with(application_name, ${lockPrefix})`;

/**
 * Returns once no session is connected to these databases.
 * @throws TvError that lists the sessions that stay
 */
export async function clearSessions(
  maintenance: Database,
  { names, endSessions, signal }: ClearSessionsParameters,
): Promise<void> {
  const start = performance.now();
  const deadline = start + patienceMs;
  for (;;) {
    await endOwn(maintenance, names);
    const locks = await otherLocks(maintenance, names);
    if (locks.length > 0) {
      if (performance.now() > start + attemptMs) throw lockedBy(locks);
      await sleep(100, signal);
      continue;
    }
    const others = await listForeignSessions(maintenance, { names });
    if (others.length === 0) return;
    if (endSessions)
      await end(
        maintenance,
        others.map(({ pid }) => pid),
      );
    else if (performance.now() > deadline) {
      throw inTheWay(others);
    }
    await sleep(100, signal);
  }
}

export function inTheWay(sessions: readonly ForeignSession[]): TvError {
  const ends = sessions.map(({ pid }) => `pg_terminate_backend(${pid})`).join(', ');
  return new TvError(
    'db.sessions-block',
    'Other sessions are connected to the database and block the swap.',
    {
      facts: sessionLines(sessions),
      next: onHost(`sudo -u postgres psql -c 'SELECT ${ends}'`, 'to end them'),
    },
  );
}

/** tv's own: its pool, and what a killed run has left. Never the lock of another run. */
async function endOwn(maintenance: Database, names: readonly string[]): Promise<void> {
  await maintenance.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(sql`pg_terminate_backend(pid, 5000)`.as('ended'))
    .where('datname', 'in', names)
    .where('pid', '<>', ownPid)
    .where(isOwnSession)
    .where(({ or, not, eb }) =>
      or([not(isLock), eb('pid', '=', sql<number>`any (${[...ownLockPids()]}::int[])`)]),
    )
    .execute();
}

async function otherLocks(maintenance: Database, names: readonly string[]) {
  return maintenance.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(({ fn, val }) => [
      'pid',
      'application_name as application',
      fn.coalesce(client, val('?')).as('client'),
    ])
    .where('datname', 'in', names)
    .where(isLock)
    .where('pid', '<>', sql<number>`all (${[...ownLockPids()]}::int[])`)
    .orderBy('pid')
    .execute();
}

/** The lock of another run is in the database. */
export function lockedBy(sessions: Awaited<ReturnType<typeof otherLocks>>): TvError {
  return new TvError('lock.held', 'Another tv holds its lock in the database; its session is not ended.', {
    exitCode: exitCodes.locked,
    facts: Object.fromEntries(
      sessions.map(({ pid, application, client }) => [
        `pid ${pid}`,
        `${lockHolderOf(application) ?? application}, from ${client}`,
      ]),
    ),
    next: [{ when: 'wait until it ends; where it hangs, stop it on its own machine', tv: ['runs', 'list'] }],
  });
}

async function end(maintenance: Database, pids: readonly number[]): Promise<void> {
  await sql`
    select pg_terminate_backend(pid, 5000) from unnest(${pids}::int[]) as pid
  `.execute(maintenance.kysely);
}
