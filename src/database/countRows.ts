import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, fromTable } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';

export type TableRows = {
  readonly table: string;
  /** Rows from `fromBlock` on. */
  readonly clear: number;
  /** Rows below it, and those whose block is unknown because their raw row is missing. */
  readonly keep: number;
};

export type RowCounts = {
  readonly tables: readonly TableRows[];
  readonly clear: number;
  readonly keep: number;
  /** Lowest and highest block of the rows that stay; null where none stays. */
  readonly lowestKept: number | null;
  readonly highestKept: number | null;
};

export interface CountRowsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  /** Limit of one table's count, in milliseconds. Default: none, since big tables take their time. */
  readonly statementTimeoutMs?: number;
}

/** Counts what clearing from a block on would remove and leave: one pass per table, all in one snapshot. */
export async function countRows(database: Database, parameters: CountRowsParameters): Promise<RowCounts> {
  const { schema, fromBlock, statementTimeoutMs = 0 } = parameters;
  return inSnapshot(database, { statementTimeoutMs }, async (transaction) => {
    const counts: (TableRows & { lowest: number | null; highest: number | null })[] = [];
    for (const table of schema.tables) {
      const { from, block } = fromTable(schema, table);
      const { rows } = await sql<{
        clear: number;
        keep: number;
        lowest: number | null;
        highest: number | null;
      }>`
        select
          count(*) filter (where ${block} >= ${fromBlock}) as clear,
          count(*) filter (where ${block} < ${fromBlock} or ${block} is null) as keep,
          (min(${block}) filter (where ${block} < ${fromBlock}))::bigint as lowest,
          (max(${block}) filter (where ${block} < ${fromBlock}))::bigint as highest
        from ${from}
      `.execute(transaction);
      for (const row of rows) counts.push({ table: table.name, ...row });
    }
    const lowest = counts.flatMap((c) => (c.lowest === null ? [] : [c.lowest]));
    const highest = counts.flatMap((c) => (c.highest === null ? [] : [c.highest]));
    return {
      tables: counts.map(({ table, clear, keep }) => ({ table, clear, keep })),
      clear: counts.reduce((sum, c) => sum + c.clear, 0),
      keep: counts.reduce((sum, c) => sum + c.keep, 0),
      lowestKept: lowest.length === 0 ? null : Math.min(...lowest),
      highestKept: highest.length === 0 ? null : Math.max(...highest),
    };
  });
}
