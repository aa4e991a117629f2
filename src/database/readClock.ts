import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

/** The database server's own clock. */
export async function readClock(database: Database): Promise<Date> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from clock_timestamp())::float8 as seconds
  `.execute(database.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return new Date(row.seconds * 1000);
}
