import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';

export interface TransactionRow {
  /** Lower case, with 0x. */
  readonly transactionHash: string;
  readonly table: string;
  /** Null in a table that does not keep it. */
  readonly logIndex: number | null;
  /** As the indexer names it; null where the table does not say. */
  readonly kind: string | null;
  /** Null where the table does not say. */
  readonly contract: string | null;
  /** Tables of the kinds that hold a row of this one. */
  readonly children: readonly string[];
}

/** More rows than these are not read from one table. */
const mostRows = 1_000;

/** The rows of one or more transactions, in either form of the schema. @param hashes lower case */
export async function readTransactionRows(
  database: Database,
  { schema, hashes }: { readonly schema: EventSchema; readonly hashes: readonly string[] },
): Promise<readonly TransactionRow[]> {
  if (hashes.length === 0) return [];
  const children = schema.tables.filter(({ role, rawColumn }) => role === 'child' && rawColumn !== null);
  const found: TransactionRow[] = [];
  for (const table of schema.tables) {
    if (table.transactionColumn === null) continue;
    const { logIndexColumn, kindColumn } = table;
    const logIndex = logIndexColumn === null ? sql`null::bigint` : sql`t.${sql.id(logIndexColumn)}::bigint`;
    const kind = kindColumn === null ? sql`null::text` : sql`t.${sql.id(kindColumn)}::text`;
    const { contractColumn = null } = table;
    const contract = contractColumn === null ? sql`null::text` : sql`t.${sql.id(contractColumn)}::text`;
    const raw = table.role === 'raw' ? schema.raw : null;
    const names =
      raw === null || children.length === 0
        ? sql`null::text`
        : sql.join(
            children.map(
              (child) =>
                sql`case when exists (select 1 from ${tableId(child)} as c where c.${sql.id(child.rawColumn ?? '')} = t.${sql.id(raw.key)}) then ${`${child.name} `}::text else '' end`,
            ),
            sql` || `,
          );
    // With or without 0x, in either case: both indexes on the column can be used.
    const spelt = sql.join(hashes.flatMap((hash) => [sql`${hash}`, sql`${hash.replace(/^0x/, '')}`]));
    const { rows } = await sql<{
      transactionHash: string;
      logIndex: number | null;
      kind: string | null;
      contract: string | null;
      children: string | null;
    }>`
      select ${normalHash(table.transactionColumn)} as "transactionHash", ${logIndex} as "logIndex", ${kind} as kind, ${contract} as contract, ${names} as children from ${tableId(table)} as t
      where t.${sql.id(table.transactionColumn)}::text in (${spelt})
      order by 2 limit ${sql.lit(mostRows)}
    `.execute(database.kysely);
    found.push(
      ...rows.map((row) => ({
        table: table.name,
        transactionHash: row.transactionHash,
        logIndex: row.logIndex,
        kind: row.kind,
        contract: row.contract,
        children: (row.children ?? '').split(' ').filter((name) => name !== ''),
      })),
    );
  }
  return found;
}

/** A hash as the chain spells it. */
export function normalHash(column: string): RawBuilder<string> {
  return sql`'0x' || regexp_replace(lower(t.${sql.id(column)}::text), '^0x', '')`;
}
