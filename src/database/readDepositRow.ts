import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';
import { normalHash } from './readTransactionRows.ts';

export interface DepositRow {
  /** Lower case, with 0x. */
  readonly transactionHash: string;
  /** Null in a table that does not keep it. */
  readonly logIndex: number | null;
}

/**
 * The event of a row of the table of deposits, by the row's `id`, in either form of the schema.
 * @returns undefined where the table has no such row, or the row belongs to none of the raw table; null where there
 * is no such table
 */
export async function readDepositRow(
  database: Database,
  { schema, id }: { readonly schema: EventSchema; readonly id: string },
): Promise<DepositRow | undefined | null> {
  const deposits = schema.tables.find(({ name, role }) => name === 'deposits' && role !== 'raw');
  if (deposits === undefined) return null;
  const raw = schema.tables.find(({ role }) => role === 'raw');
  const isChild = deposits.transactionColumn === null;
  const holder = isChild ? raw : deposits;
  if (holder === undefined || holder.transactionColumn === null) return null;
  const logIndex =
    holder.logIndexColumn === null ? sql`null::bigint` : sql`t.${sql.id(holder.logIndexColumn)}::bigint`;
  const from =
    isChild && schema.raw !== null && deposits.rawColumn !== null
      ? sql`${tableId(deposits)} as d join ${tableId(holder)} as t on t.${sql.id(schema.raw.key)} = d.${sql.id(deposits.rawColumn)}`
      : sql`${tableId(deposits)} as t`;
  const { rows } = await sql<DepositRow>`
    select ${normalHash(holder.transactionColumn)} as "transactionHash", ${logIndex} as "logIndex"
    from ${from} where ${sql.ref(isChild ? 'd.id' : 't.id')} = ${id}::bigint
  `.execute(database.kysely);
  return rows[0];
}
