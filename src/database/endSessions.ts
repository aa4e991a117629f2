import { sql } from 'kysely';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { applicationNameOf } from './connectDatabase.ts';
import { currentDatabase, ownPid } from './expressions.ts';

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
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(['pid', sql<boolean>`pg_terminate_backend(pid, ${goneWithinMs})`.as('gone')])
    .where('datname', '=', currentDatabase)
    .where('usename', '=', sql<string>`current_user`)
    .where('application_name', '=', applicationName)
    .where('pid', '<>', ownPid)
    .execute();
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
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select('pid')
    .where('pid', 'in', pids)
    .execute();
  return rows.map((row) => row.pid);
}
