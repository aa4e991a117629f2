import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';
import { readCursor } from './readCursor.ts';

export type IndexProgress = {
  /** Null in a database without any event or cursor. */
  readonly block: number | null;
  /** `rows`: the highest block that has an event, which lags behind what has been indexed. */
  readonly source: 'cursor' | 'rows';
};

/** How far the database is: the cursor, or the highest block of any event where there is none. */
export async function readProgress(
  database: Database,
  parameters: { readonly schema: EventSchema },
): Promise<IndexProgress> {
  const cursor = await readCursor(database, parameters);
  if (cursor !== undefined) return { ...cursor, source: 'cursor' };
  const maxima = parameters.schema.tables.flatMap((table) =>
    table.blockColumn === null
      ? []
      : [sql`(select max(${sql.id(table.blockColumn)}) from ${tableId(table)})`],
  );
  const { rows } = await sql<{ block: number | null }>`
    select greatest(${sql.join(maxima)})::bigint as block
  `.execute(database.kysely);
  return { block: rows[0]?.block ?? null, source: 'rows' };
}
