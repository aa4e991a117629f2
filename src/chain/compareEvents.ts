import { indexedEvents } from './events.ts';
import type { ChainLog } from './readLogs.ts';

/** What is listed one by one; the totals count everything. */
const mostListed = 1_000;

/** A row of the event tables, as the database has it. */
export interface EventRow {
  readonly table: string;
  readonly block: number;
  readonly transactionHash: string;
  /** Undefined where the schema keeps none: then only the number of rows per transaction can be compared. */
  readonly logIndex: number | undefined;
}

export interface Listed<T> {
  readonly total: number;
  /** At most 1 000. */
  readonly first: readonly T[];
}

export interface BlockRange {
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

export interface EventComparison {
  readonly matched: number;
  /** On the chain, not in the database. */
  readonly missing: Listed<ChainLog>;
  /** In the database, not on the chain. */
  readonly surplus: Listed<EventRow>;
  /** Stretches in which no block is complete in the database; blocks without logs count to either side. */
  readonly missingBlocks: Listed<BlockRange>;
  /** Logs of kinds that the indexer does not keep. */
  readonly ignored: number;
}

export interface CompareEventsParameters {
  /** In the order of blocks. */
  readonly chain: AsyncIterable<ChainLog>;
  /** In the order of blocks, over the same blocks. */
  readonly database: AsyncIterable<EventRow>;
  /** Whether the indexer keeps this log. */
  readonly keeps: (log: ChainLog) => boolean;
}

/**
 * Compares the chain's logs with the database's rows, block by block: by transaction hash and log
 * index, or by transaction hash alone for rows without an index. Memory holds one block of each.
 */
export async function compareEvents(parameters: CompareEventsParameters): Promise<EventComparison> {
  const { keeps } = parameters;
  const missing = listing<ChainLog>();
  const surplus = listing<EventRow>();
  const ranges = listing<BlockRange>();
  let matched = 0;
  let ignored = 0;
  let open: BlockRange | undefined;
  const closeRange = () => {
    if (open !== undefined) ranges.add(open);
    open = undefined;
  };

  for await (const { block, logs, rows } of together(blocks(parameters.chain), blocks(parameters.database))) {
    const kept = logs.filter(keeps);
    ignored += logs.length - kept.length;
    const result = compareBlock(kept, rows);
    matched += result.matched;
    for (const log of result.missing) missing.add(log);
    for (const row of result.surplus) surplus.add(row);
    const lost = result.missing.length;
    if (lost > 0) open = { from: open?.from ?? block, to: block, events: (open?.events ?? 0) + lost };
    else if (kept.length > 0) closeRange();
  }
  closeRange();
  return { matched, missing: missing.done(), surplus: surplus.done(), missingBlocks: ranges.done(), ignored };
}

function compareBlock(logs: readonly ChainLog[], rows: readonly EventRow[]) {
  const left = new Map(logs.map((log) => [`${log.transactionHash.toLowerCase()}:${log.logIndex}`, log]));
  const surplus: EventRow[] = [];
  const take = (key: string | undefined, row: EventRow) => {
    if (key === undefined || !left.delete(key)) surplus.push(row);
  };
  for (const row of rows) {
    if (row.logIndex !== undefined) take(`${row.transactionHash.toLowerCase()}:${row.logIndex}`, row);
  }
  const unnumbered = rows.filter((row) => row.logIndex === undefined);
  const unpaired: EventRow[] = [];
  // Rows of the log's own table first, so that what is left over names the right event.
  for (const row of unnumbered) {
    const key = keyOf(left, row, (log) => tableOf(log) === row.table);
    if (key === undefined || !left.delete(key)) unpaired.push(row);
  }
  for (const row of unpaired)
    take(
      keyOf(left, row, () => true),
      row,
    );
  return { matched: logs.length - left.size, missing: [...left.values()], surplus };
}

function keyOf(
  left: ReadonlyMap<string, ChainLog>,
  row: EventRow,
  fits: (log: ChainLog) => boolean,
): string | undefined {
  const hash = row.transactionHash.toLowerCase();
  for (const [key, log] of left) if (key.startsWith(hash) && fits(log)) return key;
  return undefined;
}

function tableOf(log: ChainLog): string | undefined {
  return indexedEvents.find((event) => event.name === log.event)?.table;
}

/** Gathers a stream in the order of blocks into its blocks. */
async function* blocks<T extends { readonly block: number }>(
  items: AsyncIterable<T>,
): AsyncGenerator<readonly [T, ...T[]]> {
  let group: [T, ...T[]] | undefined;
  for await (const item of items) {
    if (group === undefined) group = [item];
    else if (item.block === group[0].block) group.push(item);
    else if (item.block < group[0].block) throw new Error(`block ${item.block} after ${group[0].block}`);
    else {
      yield group;
      group = [item];
    }
  }
  if (group !== undefined) yield group;
}

async function* together(
  chain: AsyncGenerator<readonly [ChainLog, ...ChainLog[]]>,
  database: AsyncGenerator<readonly [EventRow, ...EventRow[]]>,
): AsyncGenerator<{ block: number; logs: readonly ChainLog[]; rows: readonly EventRow[] }> {
  try {
    let [logs, rows] = await Promise.all([chain.next(), database.next()]);
    for (;;) {
      const logBlock = logs.done ? Number.POSITIVE_INFINITY : logs.value[0].block;
      const rowBlock = rows.done ? Number.POSITIVE_INFINITY : rows.value[0].block;
      const block = Math.min(logBlock, rowBlock);
      if (block === Number.POSITIVE_INFINITY) return;
      yield {
        block,
        logs: !logs.done && logBlock === block ? logs.value : [],
        rows: !rows.done && rowBlock === block ? rows.value : [],
      };
      [logs, rows] = await Promise.all([
        logBlock === block ? chain.next() : logs,
        rowBlock === block ? database.next() : rows,
      ]);
    }
  } finally {
    // One stream may have failed: the other still holds a connection or a cursor.
    await Promise.allSettled([chain.return(undefined), database.return(undefined)]);
  }
}

function listing<T>() {
  const first: T[] = [];
  let total = 0;
  return {
    add(item: T): void {
      total++;
      if (first.length < mostListed) first.push(item);
    },
    done: (): Listed<T> => ({ total, first }),
  };
}
