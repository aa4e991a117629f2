import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { allTables, type EventSchema } from './eventSchema.ts';

/**
 * How often rows of each table that holds no events were inserted, changed or deleted, by `schema.table`: two
 * readings that differ mean that the table was written to. The server counts a second after the end of a transaction,
 * and of a session that stays idle then up to ten seconds later (pgstat_report_stat).
 */
export async function readTableChanges(
  database: Database,
  { schema }: { readonly schema: EventSchema },
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await sql<{ table: string; changes: number }>`
    select schemaname || '.' || relname as table, (n_tup_ins + n_tup_upd + n_tup_del)::float8 as changes
    from pg_catalog.pg_stat_user_tables order by 1
  `.execute(database.kysely);
  const events = new Set(allTables(schema).map((table) => `${table.schema}.${table.name}`));
  return Object.fromEntries(
    rows.filter(({ table }) => !events.has(table)).map(({ table, changes }) => [table, changes]),
  );
}
