import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventSchema, tableId } from './eventSchema.ts';
import { limitStatements } from './inSnapshot.ts';

export interface StoredEvent {
  readonly table: string;
  readonly block: number;
  /** Lower case. */
  readonly transactionHash: string;
  /** Undefined in a form that does not keep it. */
  readonly logIndex: number | undefined;
  /** As the indexer names it; undefined where the table does not say. */
  readonly kind: string | undefined;
  /** The following are absent where the table does not keep them, or the row has none. */
  readonly contract?: string;
  readonly blockHash?: string;
  /** Of its block, in seconds since 1970; a time without its zone counts as UTC. */
  readonly time?: number;
}

export interface ReadEventsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
  /** Of one page; default: none. In milliseconds. */
  readonly statementTimeoutMs?: number;
}

/** Rows fetched in one round trip: about 1 MB. */
const pageRows = 5_000;

/**
 * The events of a range of blocks by block and log index, for comparison with the chain: one row a
 * log, so the raw table where there is one, else all kinds together. One snapshot, read page by page
 * through a cursor on the server, so that memory stays small for any range.
 */
export async function* readEvents(
  database: Database,
  parameters: ReadEventsParameters,
): AsyncGenerator<StoredEvent> {
  const { schema, fromBlock, toBlock, statementTimeoutMs = 0 } = parameters;
  const parts = schema.tables.flatMap((table) => {
    if (table.blockColumn === null || table.transactionColumn === null) return [];
    const block = sql.id(table.blockColumn);
    const logIndex =
      table.logIndexColumn === null ? sql`null::bigint` : sql`${sql.id(table.logIndexColumn)}::bigint`;
    const text = (column: string | null | undefined) =>
      column === null || column === undefined ? sql`null::text` : sql`${sql.id(column)}::text`;
    const { timeColumn = null } = table;
    const time =
      timeColumn === null ? sql`null::float8` : sql`extract(epoch from ${sql.id(timeColumn)})::float8`;
    return [
      sql`select ${sql.lit(table.name)}::text as "table", ${block}::bigint as block,
        lower(${sql.id(table.transactionColumn)}::text) as "transactionHash", ${logIndex} as "logIndex",
        ${text(table.kindColumn)} as kind, ${text(table.contractColumn)} as contract,
        ${text(table.blockHashColumn)} as "blockHash", ${time} as time
        from ${tableId(table)} where ${block} between ${sql.lit(fromBlock)} and ${sql.lit(toBlock)}`,
    ];
  });
  const transaction = await database.kysely
    .startTransaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute();
  try {
    await limitStatements(transaction, statementTimeoutMs);
    await sql`
      declare tv_events no scroll cursor for
      ${sql.join(parts, sql` union all `)}
      order by block, "logIndex", "transactionHash"
    `.execute(transaction);
    for (;;) {
      const { rows } = await sql<
        Pick<StoredEvent, 'table' | 'block' | 'transactionHash'> & {
          readonly logIndex: number | null;
          readonly kind: string | null;
          readonly contract: string | null;
          readonly blockHash: string | null;
          readonly time: number | null;
        }
      >`
        fetch ${sql.lit(pageRows)} from tv_events
      `.execute(transaction);
      for (const { logIndex, kind, contract, blockHash, time, ...place } of rows) {
        yield {
          ...place,
          logIndex: logIndex ?? undefined,
          kind: kind ?? undefined,
          ...(contract !== null && { contract }),
          ...(blockHash !== null && { blockHash }),
          ...(time !== null && Number.isFinite(time) && { time }),
        };
      }
      if (rows.length < pageRows) return;
    }
  } finally {
    // Nothing was written: where the connection is gone, so is the transaction.
    await transaction
      .rollback()
      .execute()
      .catch(() => {});
  }
}
