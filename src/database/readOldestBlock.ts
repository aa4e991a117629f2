import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';

/** The lowest block that has an event; undefined where no table holds one. */
export async function readOldestBlock(
  database: Database,
  { schema, statementTimeoutMs }: { readonly schema: EventSchema; readonly statementTimeoutMs: number },
): Promise<number | undefined> {
  const minima = schema.tables.flatMap((table) =>
    table.blockColumn === null
      ? []
      : [sql`(select min(${sql.id(table.blockColumn)}) from ${tableId(table)})`],
  );
  return inSnapshot(database, { statementTimeoutMs }, async (transaction) => {
    const { rows } = await sql<{ block: number | null }>`
      select least(${sql.join(minima)})::bigint as block
    `.execute(transaction);
    return rows[0]?.block ?? undefined;
  });
}
