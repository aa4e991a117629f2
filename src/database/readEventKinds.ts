import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, fromTable, tableId } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';

/** Rows of one kind of event. Plain data, so that a run's journal can hold it. */
export type EventKind = {
  /** As the indexer names it, or the table's name where each kind has a table of its own. */
  readonly kind: string;
  /** Rows in the range. */
  readonly inRange: number;
  readonly all: number;
  /** The newest row, to look its topic up; null where the table keeps no log index. */
  readonly example: { readonly transactionHash: string; readonly logIndex: number } | null;
};

export interface ReadEventKindsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  /** Included; default: as far as there are rows. */
  readonly toBlock?: number;
}

/** Rows by kind of event, in one snapshot. Empty where the raw table does not name kinds. */
export async function readEventKinds(
  database: Database,
  { schema, fromBlock, toBlock }: ReadEventKindsParameters,
): Promise<readonly EventKind[]> {
  const upper = toBlock ?? Number.MAX_SAFE_INTEGER;
  return inSnapshot(database, { statementTimeoutMs: 0 }, async (transaction) => {
    const kinds: EventKind[] = [];
    for (const table of schema.tables) {
      if (table.blockColumn === null || table.transactionColumn === null) continue;
      const name =
        table.role === 'kind'
          ? sql`${table.name}::text`
          : table.kindColumn === null
            ? undefined
            : sql`t.${sql.id(table.kindColumn)}::text`;
      if (name === undefined) continue;
      const { block } = fromTable(schema, table);
      const index = table.logIndexColumn === null ? sql`null` : sql`t.${sql.id(table.logIndexColumn)}`;
      const { rows } = await sql<{
        kind: string;
        inRange: number;
        all: number;
        example: readonly [string, string, string | null] | null;
      }>`
        select ${name} as kind, count(*) as "all",
          count(*) filter (where ${block} between ${fromBlock} and ${upper}) as "inRange",
          max(array[lpad(${block}::text, 20, '0'), t.${sql.id(table.transactionColumn)}::text, ${index}::text]) as example
        from ${tableId(table)} as t group by 1 order by 1
      `.execute(transaction);
      for (const { example, ...row } of rows) {
        const [, transactionHash, logIndex] = example ?? [];
        kinds.push({
          ...row,
          example:
            transactionHash === undefined || logIndex === undefined || logIndex === null
              ? null
              : { transactionHash: transactionHash.toLowerCase(), logIndex: Number(logIndex) },
        });
      }
    }
    return kinds;
  });
}
