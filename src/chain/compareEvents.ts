import { type Content, compareContents, type DifferingRow, type EventRow } from './compareContents.ts';
import { indexedEvents } from './events.ts';
import type { ChainLog } from './readLogs.ts';
import { sameAddress } from './sameAddress.ts';

/** What is listed one by one; the totals count everything. */
const mostListed = 1_000;

/** A row for which the node's `eth_getLogs` returned no log. Whether the chain has one is not known yet. */
export interface UnlistedRow {
  readonly row: EventRow;
  /** Another row holds the same log: this one is too many, whatever the chain says. */
  readonly duplicate: boolean;
  /** How many logs of its transaction the node did return, in the row's block. */
  readonly listedLogs: number;
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

/** All logs of one topic, where `keeps` did not claim them and no row held any. */
export interface UnkeptKind {
  /** Undefined for anonymous logs. */
  readonly topic: `0x${string}` | undefined;
  readonly logs: Listed<ChainLog>;
}

export interface EventComparison {
  /** Rows that hold the place of a log, with the same content. */
  readonly matched: number;
  /** Rows that hold the place of a log, with another content. */
  readonly differing: Listed<{ readonly row: DifferingRow; readonly log: ChainLog }>;
  /** What of the content was compared, of any row. */
  readonly compared: ReadonlySet<Content>;
  /** On the chain, not in the database: of kinds that are kept, or of which a row was found. */
  readonly missing: Listed<ChainLog>;
  readonly unlisted: Listed<UnlistedRow>;
  /** Stretches in which no block is complete in the database; blocks without logs count to either side. */
  readonly missingBlocks: Listed<BlockRange>;
  readonly unkept: readonly UnkeptKind[];
  /** Kinds as the rows name them, by the topic of the logs that they hold. */
  readonly kindByTopic: ReadonlyMap<`0x${string}`, string>;
}

export interface CompareEventsParameters {
  /** In the order of blocks. */
  readonly chain: AsyncIterable<ChainLog>;
  /** In the order of blocks, over the same blocks. */
  readonly database: AsyncIterable<EventRow>;
  /** Whether the indexer is known to keep this log, so that its absence is a fault. */
  readonly keeps: (log: ChainLog) => boolean;
}

/**
 * Compares the chain's logs with the database's rows, block by block: by transaction hash and log
 * index, or by transaction hash alone for rows without an index. A row holds the place of a log of any kind;
 * what else it keeps of its log is compared then.
 * Memory holds one block of each, and at most 1 000 of each listing.
 */
export async function compareEvents(parameters: CompareEventsParameters): Promise<EventComparison> {
  const { keeps } = parameters;
  const missing = listing<ChainLog>();
  const unlisted = listing<UnlistedRow>();
  const ranges = listing<BlockRange>();
  const unkept = new Map<ChainLog['topic'], ReturnType<typeof listing<ChainLog>>>();
  const kindByTopic = new Map<`0x${string}`, string>();
  const found = new Set<ChainLog['topic']>();
  const differing = listing<{ row: DifferingRow; log: ChainLog }>();
  const compared = new Set<Content>();
  let matched = 0;
  let open: BlockRange | undefined;
  const closeRange = () => {
    if (open !== undefined) ranges.add(open);
    open = undefined;
  };

  for await (const { block, logs, rows } of together(blocks(parameters.chain), blocks(parameters.database))) {
    const result = compareBlock(logs, rows, keeps);
    for (const { log, row } of result.matched) {
      found.add(log.topic);
      const differences = compareContents(log, row, compared);
      if (differences.length > 0) {
        differing.add({ row: { ...row, differences }, log });
        continue;
      }
      matched += 1;
      if (log.topic !== undefined && row.kind !== undefined) kindByTopic.set(log.topic, row.kind);
    }
    for (const row of result.unlisted) unlisted.add(row);
    let lost = 0;
    for (const log of result.missing) {
      if (keeps(log) || found.has(log.topic)) {
        missing.add(log);
        lost += 1;
        continue;
      }
      const others = unkept.get(log.topic) ?? listing<ChainLog>();
      others.add(log);
      unkept.set(log.topic, others);
    }
    if (lost > 0) open = { from: open?.from ?? block, to: block, events: (open?.events ?? 0) + lost };
    else if (result.matched.length > 0) closeRange();
  }
  closeRange();
  // A row of such a kind turned up later: the ones before it are missing, too.
  const late = [...unkept].filter(([topic]) => found.has(topic)).map(([, logs]) => logs.done());
  return {
    matched,
    differing: differing.done(),
    compared,
    missing: late.length === 0 ? missing.done() : merge([missing.done(), ...late]),
    unlisted: unlisted.done(),
    missingBlocks: ranges.done(),
    unkept: [...unkept]
      .filter(([topic]) => !found.has(topic))
      .map(([topic, logs]) => ({ topic, logs: logs.done() })),
    kindByTopic,
  };
}

/** Several listings of logs as one, in the order of the chain. */
export function merge(lists: readonly Listed<ChainLog>[]): Listed<ChainLog> {
  return {
    total: lists.reduce((sum, { total }) => sum + total, 0),
    first: lists
      .flatMap(({ first }) => first)
      .toSorted((a, b) => a.block - b.block || a.logIndex - b.logIndex)
      .slice(0, mostListed),
  };
}

interface Match {
  readonly log: ChainLog;
  readonly row: EventRow;
}

function compareBlock(
  logs: readonly ChainLog[],
  rows: readonly EventRow[],
  keeps: (log: ChainLog) => boolean,
) {
  const all = new Map(logs.map((log) => [`${log.transactionHash.toLowerCase()}:${log.logIndex}`, log]));
  const left = new Map(all);
  const matched: Match[] = [];
  const unlisted: UnlistedRow[] = [];
  const take = (key: string | undefined, row: EventRow) => {
    const log = key === undefined ? undefined : left.get(key);
    if (key !== undefined && log !== undefined) {
      left.delete(key);
      matched.push({ log, row });
      return;
    }
    const hash = row.transactionHash.toLowerCase();
    const listedLogs = logs.filter((one) => one.transactionHash.toLowerCase() === hash).length;
    unlisted.push({ row, duplicate: key !== undefined && all.has(key), listedLogs });
  };
  for (const row of rows) {
    if (row.logIndex !== undefined) take(`${row.transactionHash.toLowerCase()}:${row.logIndex}`, row);
  }
  const unnumbered = rows.filter((row) => row.logIndex === undefined);
  const unpaired: EventRow[] = [];
  // Rows of the log's own table first, so that what is left over names the right event.
  for (const row of unnumbered) {
    const key = keyOf(left, row, (log) => isOf(log, row) && tableOf(log) === row.table);
    if (key === undefined) unpaired.push(row);
    else take(key, row);
  }
  // A log of a kind that is not kept cannot account for such a row.
  for (const row of unpaired)
    take(
      keyOf(left, row, (log) => isOf(log, row) && keeps(log)),
      row,
    );
  return { matched, missing: [...left.values()], unlisted };
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

/** Without an index, the contract is a part of the place. */
function isOf(log: ChainLog, { contract }: EventRow): boolean {
  return contract === undefined || sameAddress(log.address, contract);
}

function tableOf(log: ChainLog): string | undefined {
  return indexedEvents.find((event) => event.topic === log.topic)?.table;
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
