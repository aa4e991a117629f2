import { eventByTopic } from '../src/chain/events.ts';
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
  /** It has an argument that the deployed indexer cannot store. */
  readonly unstorable: boolean;
}

export interface Stored {
  /** Null where the rows are unknown. */
  readonly stored: boolean | null;
  readonly tables: readonly string[];
  /** Why it is not there, as far as that is known. */
  readonly why: string | null;
}

/** What became of a log in the database. */
export function storedAs(
  log: LogPlace,
  rows: Answer<readonly TransactionRow[]>,
  cursor: Answer<number | null>,
): Stored {
  if (!rows.known) return { stored: null, tables: [], why: null };
  const own = rows.value.filter((row) => isRowOf(row, log));
  const tables = own.flatMap(({ table, children }) => [table, ...children]);
  return own.length > 0
    ? { stored: true, tables, why: null }
    : { stored: false, tables: [], why: reason(log, cursor) };
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
