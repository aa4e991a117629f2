import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { type ForeignSession, listForeignSessions, sessionLines } from './listForeignSessions.ts';

export interface ClearSessionsParameters {
  readonly names: readonly string[];
  /** End the sessions of others, too. tv's own always end: they would be in the way. */
  readonly endSessions: boolean;
  readonly signal?: AbortSignal;
}

/** Sessions of stopped services are gone within this time (milliseconds). */
const patienceMs = 8_000;

/**
 * Comes back once nobody is connected to these databases.
 * @throws TvError that lists the sessions that stay
 */
export async function clearSessions(
  maintenance: Database,
  { names, endSessions, signal }: ClearSessionsParameters,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    await endOwn(maintenance, names);
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
  return new TvError('Other sessions are connected to the database, and are in the way.', {
    facts: sessionLines(sessions),
    next: ['end them, or repeat the command with --end-sessions'],
  });
}

/** tv's own: its pool, its lock, and what a killed run has left. */
async function endOwn(maintenance: Database, names: readonly string[]): Promise<void> {
  await sql`
    select pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity
    where datname in (${sql.join(names)}) and pid <> pg_backend_pid()
      and (application_name = 'tv' or starts_with(application_name, 'tv '))
  `.execute(maintenance.kysely);
}

async function end(maintenance: Database, pids: readonly number[]): Promise<void> {
  await sql`
    select pg_terminate_backend(pid, 5000) from unnest(${pids}::int[]) as pid
  `.execute(maintenance.kysely);
}
