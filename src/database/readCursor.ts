import { sql } from 'kysely';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';

/**
 * How far the indexer says that it is. Times that the services have stored are not read at all: their
 * columns may have no zone, and are in the local time of whatever wrote them.
 */
export type Cursor = {
  readonly block: number;
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
  const { rows } = await sql<{ block: number | null }>`
    select ${sql.id(cursor.blockColumn)}::bigint as block from ${tableId(cursor)} limit 2
  `.execute(database.kysely);
  const [row, second] = rows;
  if (second !== undefined) {
    throw new TvError('db.schema-unsupported', `The cursor table ${cursor.name} holds more than one row.`, {
      facts: { blocks: rows.map((r) => r.block).join(', ') },
      next: onHost(`psql -c 'SELECT * FROM ${cursor.name}'`),
    });
  }
  if (row === undefined || row.block === null) return undefined;
  return { block: row.block };
}
