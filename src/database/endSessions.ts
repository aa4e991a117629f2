import { sql } from 'kysely';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { applicationNameOf } from './connectDatabase.ts';

/** A session that does not end within this time hangs in the kernel (a dead disk). */
const goneWithinMs = 10_000;

/**
 * Ends our own orphans: every session of this database and this role with exactly this application
 * name. Comes back once they are gone, and what they held is released.
 * @returns the process ids that were ended
 * @throws TvError where one of them stays
 */
export async function endSessions(
  database: Database,
  parameters: { readonly applicationName: string },
): Promise<readonly number[]> {
  const { applicationName } = parameters;
  if (applicationName === '' || applicationName === applicationNameOf(database)) {
    throw new Error('this application name is not that of an orphan');
  }
  const { rows } = await sql<{ pid: number; gone: boolean }>`
    select pid, pg_terminate_backend(pid, ${goneWithinMs}) as gone
    from pg_catalog.pg_stat_activity
    where datname = current_database()
      and usename = current_user
      and application_name = ${applicationName}
      and pid <> pg_backend_pid()
  `.execute(database.kysely);
  const left = rows.filter((row) => !row.gone).map((row) => row.pid);
  // "Not gone" also means that it had ended by itself a moment before.
  const alive = left.length === 0 ? [] : await stillThere(database, left);
  if (alive.length > 0) {
    throw new TvError(
      'db.sessions-block',
      `A database session of an earlier ${applicationName} does not end.`,
      {
        facts: { pids: alive.join(', ') },
        next: onHost(`psql -c 'SELECT * FROM pg_stat_activity WHERE pid IN (${alive.join(', ')})'`),
      },
    );
  }
  return rows.map((row) => row.pid);
}

async function stillThere(database: Database, pids: readonly number[]): Promise<readonly number[]> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_catalog.pg_stat_activity where pid = any(${[...pids]}::int[])
  `.execute(database.kysely);
  return rows.map((row) => row.pid);
}
