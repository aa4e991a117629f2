import { describeDifferences, type EventRow } from '../chain/compareContents.ts';
import { compareEvents } from '../chain/compareEvents.ts';
import { assertPlaced, confirmSurplus, type SurplusRow } from '../chain/confirmSurplus.ts';
import { hasOpaqueArgument } from '../chain/events.ts';
import { type ChainLog, readLogs } from '../chain/readLogs.ts';
import { testLogIndex } from '../chain/testLogIndex.ts';
import type { Address } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { count } from '../text/format.ts';

export interface BlockRange {
  readonly from: number;
  /** Included. */
  readonly to: number;
}

/** Blocks up to the cursor: a block that was skipped just now. */
const newestBlocks = 1_000;
/** Of each older range. */
const olderBlocks = 500;
/** An older range ends at a multiple of these, so that all checks compare the same blocks. */
const olderSteps = [10_000, 100_000];
/** Rows whose transactions are looked up. */
const mostRows = 20;
/** What is kept of the logs that are missing. */
const mostMissing = 20;

/**
 * A few ranges of blocks, the newest first; none where nothing is indexed to the end.
 * @throws TvError where the chain ends before the oldest event: nothing to compare with is no agreement
 */
export function sampleRanges({
  oldest,
  indexed,
  head,
}: {
  readonly oldest: number;
  readonly indexed: number;
  readonly head: number;
}): readonly BlockRange[] {
  if (head < oldest) {
    throw new TvError(
      'chain.head-went-back',
      `The newest block of the RPC node (${count(head)}) is before the oldest event (block ${count(oldest)}).`,
    );
  }
  const newest = Math.min(indexed, head);
  const first = { from: Math.max(oldest, newest - newestBlocks + 1), to: newest };
  const older = olderSteps.flatMap((step) => {
    const to = Math.floor((newest - newestBlocks) / step) * step;
    return to < oldest ? [] : [{ from: Math.max(oldest, to - olderBlocks + 1), to }];
  });
  // Near the beginning of a chain two of them end at the same block.
  const distinct = older.filter(({ to }, index) => older.findIndex((other) => other.to === to) === index);
  return newest < oldest ? [] : [first, ...distinct];
}

export interface EventSample {
  /** Compared to the end. */
  readonly ranges: readonly BlockRange[];
  /** Ranges that were not, each with the reason. The newest one is always compared. */
  readonly skipped: readonly (BlockRange & { readonly reason: string })[];
  readonly matched: number;
  readonly missing: { readonly total: number; readonly first: readonly ChainLog[] };
  /** Not on the chain, or not as they are stored. */
  readonly surplus: readonly SurplusRow[];
  /** More such rows, which are not in `surplus`. */
  readonly moreSurplus: number;
  /** Why it is unknown whether the rest is the same; undefined where nothing is in doubt. */
  readonly doubt: string | undefined;
}

export interface SampleParameters {
  readonly ranges: readonly BlockRange[];
  readonly contracts: readonly Address[];
  /** The rows of a range, in the order of blocks. */
  readonly rows: (range: BlockRange) => AsyncIterable<EventRow>;
  /** Whether the indexer is meant to keep this log. */
  readonly keeps: (log: ChainLog) => boolean;
  /** Older ranges are begun within this time only. In milliseconds. */
  readonly enoughMs: number;
  readonly signal: AbortSignal;
}

/**
 * Compares a few ranges of blocks with the chain: the newest, then the older ones at once. A kind that no row of a range
 * shows is missing only where every indexer can store it: `tv reindex check` judges the others, from all rows.
 * @throws TvError where the newest range cannot be compared; the reason of `signal`
 */
export async function sampleEvents(chain: Chain, parameters: SampleParameters): Promise<EventSample> {
  const { ranges, enoughMs, signal } = parameters;
  const start = performance.now();
  const compare = async (range: BlockRange) => ({
    ...range,
    ...(await compareRange(chain, range, parameters)),
  });
  const newest = await Promise.all(ranges.slice(0, 1).map(compare));
  const hasTime = performance.now() - start <= enoughMs;
  const older = await Promise.all(
    ranges.slice(1).map(async (range) => {
      if (!hasTime) return { ...range, reason: 'there was no time left' };
      try {
        return await compare(range);
      } catch (error) {
        // Old blocks may be pruned where new ones are not.
        if (!(error instanceof TvError) || signal.aborted) throw error;
        return { ...range, reason: error.message.replace(/\.$/, '') };
      }
    }),
  );
  const skipped = older.filter((each) => 'reason' in each);
  const compared = [...newest, ...older.filter((each) => 'matched' in each)];
  const missing = compared.flatMap((each) => each.missing);
  const matched = sum(compared.map((each) => each.matched));
  const seen = matched + sum(compared.map((each) => each.logs));
  return {
    ranges: compared.map(({ from, to }) => ({ from, to })),
    skipped,
    matched,
    missing: { total: sum(compared.map((each) => each.missingTotal)), first: missing.slice(0, mostMissing) },
    surplus: compared.flatMap((each) => each.surplus),
    moreSurplus: sum(compared.map((each) => each.moreSurplus)),
    doubt:
      compared.map((each) => each.doubt).find((doubt) => doubt !== undefined) ??
      (await silence(chain, ranges, seen)),
  };
}

interface Compared {
  readonly matched: number;
  /** On the chain without a row, or with one that is not the same, of whatever kind. */
  readonly logs: number;
  readonly missing: readonly ChainLog[];
  readonly missingTotal: number;
  readonly surplus: readonly SurplusRow[];
  readonly moreSurplus: number;
  readonly doubt: string | undefined;
}

async function compareRange(
  chain: Chain,
  { from, to }: BlockRange,
  { contracts, rows, keeps, signal }: SampleParameters,
): Promise<Compared> {
  const { matched, differing, missing, unlisted, unkept } = await compareEvents({
    chain: readLogs(chain, { fromBlock: from, toBlock: to, addresses: contracts, signal }),
    database: rows({ from, to }),
    keeps: (log) => keeps(log) && !hasOpaqueArgument(log.topic),
  });
  const found = await confirmSurplus(chain, {
    rows: { total: unlisted.total, first: unlisted.first.slice(0, mostRows) },
    addresses: contracts,
    signal,
  });
  const logs = [
    ...missing.first.slice(0, mostMissing),
    ...differing.first.slice(0, mostRows).map(({ log }) => log),
  ];
  await assertPlaced(chain, logs, signal);
  const differ = differing.first.map(({ row: { differences, ...row } }) => ({
    ...row,
    reason: describeDifferences(differences),
  }));
  return {
    matched,
    logs: missing.total + differing.total + sum(unkept.map(({ logs }) => logs.total)),
    missing: missing.first,
    missingTotal: missing.total,
    surplus: [...found.surplus.first, ...differ],
    moreSurplus: differing.total - differ.length,
    doubt:
      found.leftOut.total > 0
        ? "the RPC node's eth_getLogs leaves out logs that its receipts hold"
        : found.unconfirmed.total > 0
          ? `rows without a log could not be judged: ${found.reason ?? 'their transactions could not be read'}`
          : undefined,
  };
}

/** A node without a log index returns no log of anything; the indexer that reads from it has none either. */
async function silence(
  chain: Chain,
  [newest]: readonly BlockRange[],
  seen: number,
): Promise<string | undefined> {
  if (newest === undefined || seen > 0) return undefined;
  const verdict = await testLogIndex(chain, { fromBlock: newest.from, toBlock: newest.to });
  return verdict.is === 'broken' ? verdict.reason : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
