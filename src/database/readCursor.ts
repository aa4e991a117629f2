import { sql } from 'kysely';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';

/** How far the indexer says that it is. */
export type Cursor = {
  readonly block: number;
  /** ISO 8601, UTC; null where the table keeps no time. */
  readonly at: string | null;
};

/**
 * The indexer's cursor; undefined where there is no cursor table or no row in it.
 * @throws TvError where the table holds several rows
 */
export async function readCursor(
  database: Database,
  parameters: { readonly schema: EventSchema },
): Promise<Cursor | undefined> {
  const { cursor } = parameters.schema;
  if (cursor === null) return undefined;
  // A timestamp without zone was written by the server's now(), so its own TimeZone is the right one.
  const at =
    cursor.timeColumn === null ? sql`null::timestamptz` : sql`${sql.id(cursor.timeColumn)}::timestamptz`;
  const { rows } = await sql<{ block: number | null; at: Date | null }>`
    select ${sql.id(cursor.blockColumn)}::bigint as block, ${at} as at from ${tableId(cursor)} limit 2
  `.execute(database.kysely);
  const [row, second] = rows;
  if (second !== undefined) {
    throw new TvError(`The cursor table ${cursor.name} holds more than one row.`, {
      facts: { blocks: rows.map((r) => r.block).join(', ') },
      next: `psql -c 'SELECT * FROM ${cursor.name}'`,
    });
  }
  if (row === undefined || row.block === null) return undefined;
  return { block: row.block, at: row.at?.toISOString() ?? null };
}
