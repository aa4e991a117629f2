import { sql } from 'kysely';
import type { Address } from '../config/settings.ts';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';
import { normalHash } from './readTransactionRows.ts';

export interface NamingRow {
  readonly table: string;
  /** Lower case, with 0x. */
  readonly transactionHash: string;
  readonly block: number;
  /** Null in a table that does not keep it. */
  readonly logIndex: number | null;
  /** As the indexer names it; null where the table does not say. */
  readonly kind: string | null;
}

export interface RowsNamingParameters {
  readonly schema: EventSchema;
  readonly address: Address;
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
  /** No more than these of each table, the newest. */
  readonly most: number;
  /** Of each table, in milliseconds: without an index every row of the blocks is read. */
  readonly limitMs: number;
}

/**
 * Rows that hold an address in any column, or within the data of the event, in either form of the schema. The
 * contract that emitted the event is not counted: each row of the vault has it.
 */
export async function readRowsNaming(
  database: Database,
  { schema, address, fromBlock, toBlock, most, limitMs }: RowsNamingParameters,
): Promise<readonly NamingRow[]> {
  const digits = address.slice(2).toLowerCase();
  return inSnapshot(database, { statementTimeoutMs: limitMs }, async (transaction) => {
    const found: NamingRow[] = [];
    for (const table of schema.tables) {
      const { blockColumn, transactionColumn, logIndexColumn, kindColumn } = table;
      if (blockColumn === null || transactionColumn === null) continue;
      const block = sql`t.${sql.id(blockColumn)}`;
      const logIndex = logIndexColumn === null ? sql`null::bigint` : sql`t.${sql.id(logIndexColumn)}::bigint`;
      const kind = kindColumn === null ? sql`null::text` : sql`t.${sql.id(kindColumn)}::text`;
      const { rows } = await sql<Omit<NamingRow, 'table'>>`
        select ${normalHash(transactionColumn)} as "transactionHash", ${block}::bigint as block,
          ${logIndex} as "logIndex", ${kind} as kind
        from ${tableId(table)} as t
        where ${block} between ${sql.lit(fromBlock)} and ${sql.lit(toBlock)}
          and (to_jsonb(t) - 'contract_address' - 'address')::text ilike ${`%${digits}%`}
        order by ${block} desc limit ${sql.lit(most)}
      `.execute(transaction);
      found.push(...rows.map((row) => ({ ...row, table: table.name })));
    }
    return found;
  });
}
