import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { ownLockPids } from '../acquireRunLock.ts';
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

/**
 * Comes back once nobody is connected to these databases.
 * @throws TvError that lists the sessions that stay
 */
export async function clearSessions(
  maintenance: Database,
  { names, endSessions, signal }: ClearSessionsParameters,
): Promise<void> {
  const start = Date.now();
  const deadline = start + patienceMs;
  for (;;) {
    await endOwn(maintenance, names);
    const locks = await otherLocks(maintenance, names);
    if (locks.length > 0) {
      if (Date.now() > start + attemptMs) throw lockedBy(locks);
      await sleep(100, undefined, { signal }).catch(() => signal?.throwIfAborted());
      continue;
    }
    const others = await listForeignSessions(maintenance, { names });
    if (others.length === 0) return;
    if (endSessions)
      await end(
        maintenance,
        others.map(({ pid }) => pid),
      );
    else if (Date.now() > deadline) {
      throw inTheWay(others);
    }
    await sleep(100, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

export function inTheWay(sessions: readonly ForeignSession[]): TvError {
  return new TvError(
    'db.sessions-block',
    'Other sessions are connected to the database and block the swap.',
    {
      facts: sessionLines(sessions),
      next: ['end them, or repeat the command with --end-sessions'],
    },
  );
}

/** tv's own: its pool, and what a killed run has left. Never the lock of another run. */
async function endOwn(maintenance: Database, names: readonly string[]): Promise<void> {
  await sql`
    select pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity
    where datname in (${sql.join(names)}) and pid <> pg_backend_pid()
      and (application_name = 'tv' or starts_with(application_name, 'tv '))
      and (not starts_with(application_name, 'tv lock: ') or pid = any (${[...ownLockPids()]}::int[]))
  `.execute(maintenance.kysely);
}

async function otherLocks(maintenance: Database, names: readonly string[]) {
  const { rows } = await sql<{ pid: number; application: string; client: string }>`
    select pid, application_name as application,
      case when client_port = -1 then 'local' else coalesce(host(client_addr) || ':' || client_port, '?') end as client
    from pg_catalog.pg_stat_activity
    where datname in (${sql.join(names)}) and starts_with(application_name, 'tv lock: ')
      and pid <> all (${[...ownLockPids()]}::int[])
    order by pid
  `.execute(maintenance.kysely);
  return rows;
}

function lockedBy(sessions: Awaited<ReturnType<typeof otherLocks>>): TvError {
  return new TvError('lock.held', 'Another tv holds its lock in the database; its session is not ended.', {
    exitCode: exitCodes.locked,
    facts: Object.fromEntries(
      sessions.map(({ pid, application, client }) => [
        `pid ${pid}`,
        `${application.slice('tv lock: '.length)}, from ${client}`,
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
