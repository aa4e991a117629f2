import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, type EventTable, tableId } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';

/** Events of the raw table whose row in the table of their kind is not there. */
export type UnpairedRows = {
  /** The table of the kind: `deposits`. */
  readonly table: string;
  /** Events in the range without such a row. */
  readonly missing: number;
  /** The lowest block of those; null where there is none. */
  readonly firstBlock: number | null;
  /** Whether the table holds any row at all. An indexer may never fill it. */
  readonly filled: boolean;
};

export interface FindUnpairedRowsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
  /** Names of the kinds that belong into a table, as far as they are known: `['Deposited']`. */
  readonly kindsOf: (table: string) => readonly string[];
}

/**
 * Compares the raw table with the tables of its kinds, by key, in one snapshot. Which kinds belong into a
 * table is taken from the rows that are there, too: an indexer may name kinds as it likes. Tables of a schema
 * without a raw table are compared with the chain directly, and are not in the result.
 */
export async function findUnpairedRows(
  database: Database,
  { schema, fromBlock, toBlock, kindsOf }: FindUnpairedRowsParameters,
): Promise<readonly UnpairedRows[]> {
  const { raw } = schema;
  const kindColumn = schema.tables.find(({ role }) => role === 'raw')?.kindColumn;
  if (raw === null || kindColumn === null || kindColumn === undefined) return [];
  const children = schema.tables.filter(
    (table): table is EventTable & { readonly rawColumn: string } =>
      table.role === 'child' && table.rawColumn !== null,
  );
  return inSnapshot(database, { statementTimeoutMs: 0 }, async (transaction) => {
    const found: UnpairedRows[] = [];
    for (const table of children) {
      const child = tableId(table);
      const parent = sql.id(table.rawColumn);
      const kind = sql`r.${sql.id(kindColumn)}::text`;
      const key = sql`r.${sql.id(raw.key)}`;
      const block = sql`r.${sql.id(raw.blockColumn)}`;
      const { rows } = await sql<{ missing: number; firstBlock: number | null; filled: boolean }>`
        with kinds as (
          select distinct ${kind} as kind from ${child} as t join ${tableId(raw)} as r on ${key} = t.${parent}
          union select unnest(${[...kindsOf(table.name)]}::text[])
        )
        select count(*) as missing, min(${block})::bigint as "firstBlock",
          exists (select from ${child}) as filled
        from ${tableId(raw)} as r
        where ${block} between ${fromBlock} and ${toBlock} and ${kind} in (select kind from kinds)
          and not exists (select from ${child} as t where t.${parent} = ${key})
      `.execute(transaction);
      for (const row of rows) found.push({ table: table.name, ...row });
    }
    return found.filter(({ missing }) => missing > 0);
  });
}
