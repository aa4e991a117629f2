import { compareContents, type Difference, describeDifferences } from '../src/chain/compareContents.ts';
import { eventByTopic } from '../src/chain/events.ts';
import type { Address } from '../src/config/settings.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import { readEventSchema } from '../src/database/readEventSchema.ts';
import { readProgress } from '../src/database/readProgress.ts';
import type { TransactionRow } from '../src/database/readTransactionRows.ts';
import type { Answer } from '../src/errors/answer.ts';
import type { Context } from '../src/runbook/context.ts';

/** Its failure is part of each answer that needs it. */
export function schemaOf(ctx: Pick<Context, 'database'>): Promise<EventSchema> {
  const schema = (async () => readEventSchema(ctx.database()))();
  schema.catch(() => {});
  return schema;
}

/** Where the indexer is; null without a cursor. */
export async function cursorOf(
  ctx: Pick<Context, 'database'>,
  schema: Promise<EventSchema>,
): Promise<number | null> {
  const { block, source } = await readProgress(ctx.database(), { schema: await schema });
  return source === 'cursor' ? block : null;
}

/** What has to be known of a log to find its rows. */
export interface LogPlace {
  readonly block: number | null;
  readonly transactionHash: string;
  readonly logIndex: number;
  readonly topic: `0x${string}` | undefined;
  /** Of its contract; undefined where it is unknown. */
  readonly address: Address | undefined;
  /** It has an argument that the deployed indexer cannot store. */
  readonly unstorable: boolean;
}

export interface Stored {
  /** Null where the rows are unknown. A row of another contract or kind does not store the log. */
  readonly stored: boolean | null;
  /** Tables that hold a row of it, or one in its place that differs. */
  readonly tables: readonly string[];
  /** The deployed indexer cannot store it, and has stored nothing in its place. */
  readonly unstorable: boolean;
  /** Why it is not there, as far as that is known. */
  readonly why: string | null;
}

/** What became of a log in the database. */
export function storedAs(
  log: LogPlace,
  rows: Answer<readonly TransactionRow[]>,
  cursor: Answer<number | null>,
): Stored {
  const { unstorable } = log;
  if (!rows.known) return { stored: null, tables: [], why: null, unstorable };
  const own = rows.value.filter((row) => isRowOf(row, log));
  if (own.length === 0) return { stored: false, tables: [], why: reason(log, cursor), unstorable };
  const tablesOf = (some: readonly TransactionRow[]) =>
    some.flatMap(({ table, children }) => [table, ...children]);
  const same = own.filter((row) => differencesOf(row, log).length === 0);
  if (same.length > 0) return { stored: true, tables: tablesOf(same), why: null, unstorable };
  const differ = own.map((row) => `row in ${row.table} ${describeDifferences(differencesOf(row, log))}`);
  return { stored: false, tables: tablesOf(own), why: differ.join('. '), unstorable: false };
}

function differencesOf(row: TransactionRow, { block, address, topic }: LogPlace): readonly Difference[] {
  const { table, transactionHash } = row;
  return compareContents(
    { topic, ...(address !== undefined && { address }) },
    {
      ...{ table, transactionHash, block: block ?? 0, logIndex: row.logIndex ?? undefined },
      kind: row.kind ?? undefined,
      ...(row.contract !== null && { contract: row.contract }),
    },
  );
}

/** A table without log indexes holds one kind: its row is of a log of this kind in the same transaction. */
export function isRowOf(
  row: Pick<TransactionRow, 'table' | 'transactionHash' | 'logIndex'>,
  log: Pick<LogPlace, 'transactionHash' | 'logIndex' | 'topic'>,
): boolean {
  if (row.transactionHash !== log.transactionHash.toLowerCase()) return false;
  return row.logIndex === null ? row.table === eventByTopic(log.topic)?.table : row.logIndex === log.logIndex;
}

function reason({ block, unstorable }: LogPlace, cursor: Answer<number | null>): string {
  if (cursor.known && cursor.value !== null && block !== null && cursor.value < block) {
    return `not indexed yet: the cursor is at ${cursor.value}`;
  }
  if (unstorable) return 'the deployed indexer cannot store this kind (bytes32 or struct argument)';
  return cursor.known && cursor.value !== null
    ? 'skipped or lost: the cursor is beyond its block'
    : 'no row; whether the indexer has come so far is unknown';
}
