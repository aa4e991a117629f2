import { contractAddresses } from '../../chain/contracts.ts';
import { hasOpaqueArgument, indexedEvents } from '../../chain/events.ts';
import { readBlockTime, readHead } from '../../chain/readHead.ts';
import { holdsRows } from '../../database/holdsRows.ts';
import { readEventSchema } from '../../database/readEventSchema.ts';
import { readProgress } from '../../database/readProgress.ts';
import { type Answer, answer, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { RelayError } from '../../host/readRelayError.ts';
import { keeps } from '../../operations/compareWithChain.ts';
import { defaultPollSeconds, readPollSeconds } from '../../operations/indexer/awaitProgress.ts';
import { firstUnindexed } from '../../operations/indexer/firstUnindexed.ts';
import { readIndexerError } from '../../operations/indexer/readIndexerError.ts';
import { poll } from '../../runbook/poll.ts';
import { count, duration, howMany } from '../../text/format.ts';
import type { Source, SourceReader } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';
import { database } from './database.ts';

/** An indexer that has not read a block for this many polls, and at least so many milliseconds, is stalled. */
const stalledPolls = 6;
const shortestStallMs = 15_000;
/** An indexer that catches up moves its cursor within this time, in milliseconds. */
const movesWithinMs = 1_000;
const lookEveryMs = 200;
/** Of the limit of a source, for a search of the chain that begins once the head is known. */
const shareOfUnindexed = 0.5;

export interface IndexerState {
  readonly block: number;
  /** `rows`: the newest event, where there is no cursor. */
  readonly source: 'cursor' | 'rows';
  /** Read after the cursor, which may move meanwhile. */
  readonly head: Answer<number>;
  /**
   * Without a cursor, where the newest event is far behind the head: the first block above it with an event that the
   * indexer stores, null where the chain has none. Undefined where it was not asked for.
   */
  readonly unindexed: Answer<number | null> | undefined;
  /**
   * How long the first block above the cursor has been on the chain, in ms; undefined where there is none. Unknown
   * without a cursor: blocks above the newest event may hold none.
   */
  readonly waitingMs: Answer<number | undefined>;
  /** Between two reads of the chain; unknown where `.env` cannot be read. */
  readonly pollSeconds: Answer<number>;
  /** Whether the cursor moves; asked only where it is far behind, or the next block waits for more than a few polls. */
  readonly isMoving: boolean | undefined;
}

/** How far the indexer is, and how long the next block has been waiting for it. */
export const indexer: Source<IndexerState> = {
  title: 'indexer',
  read: async (reader) => {
    const { progress, problem } = await reader.read(database);
    if (progress === null || progress.block === null) {
      throw new TvError('db.events-missing', problem ?? 'Nothing is indexed yet.');
    }
    const { block, source } = progress;
    const [head, poll] = await Promise.all([
      answer(ofTheChain(reader, (ctx) => readHead(ctx.chain()))),
      readPollSeconds(reader.ctx),
    ]);
    // With an unknown interval the default only says when to ask whether the cursor moves; see the rule.
    const pollSeconds = poll.known ? poll.value : defaultPollSeconds;
    const isFar = head.known && head.value.number - block > reader.ctx.settings.monitor.lagBlocks;
    const waitingMs = !head.known
      ? unknown(head.reason)
      : source === 'rows'
        ? unknown('the schema has no cursor')
        : await waitingTime(reader, block, head.value.number);
    const stallMs = Math.max(shortestStallMs, stalledPolls * pollSeconds * 1000);
    const isWaiting = waitingMs.known && waitingMs.value !== undefined && waitingMs.value > stallMs;
    const isSuspect = source === 'cursor' && (isWaiting || isFar);
    return {
      block,
      source,
      head: head.known ? { known: true, value: head.value.number } : head,
      unindexed:
        source === 'rows' && head.known && isFar
          ? await readUnindexed(reader, block + 1, head.value.number)
          : undefined,
      waitingMs,
      pollSeconds: poll,
      // One that catches up leaves blocks waiting for long, and moves.
      isMoving: isSuspect ? await moves(reader, block) : undefined,
    };
  },
  describe: ({ block, source, head, unindexed }) => {
    const place = `${source === 'cursor' ? 'cursor' : 'newest event'} ${count(block)}`;
    if (unindexed?.known === true) {
      return unindexed.value === null
        ? `${place}, none newer on the chain`
        : `${place}, not indexed from block ${count(unindexed.value)} on`;
    }
    if (!head.known) return `${place}; blocks behind unknown`;
    const lag = head.value - block;
    const behind =
      lag === 0
        ? 'at the head'
        : lag > 0
          ? `${howMany(lag, 'block')} behind`
          : `${howMany(-lag, 'block')} ahead`;
    return `${place}, ${behind}`;
  },
};

async function waitingTime(
  reader: SourceReader,
  block: number,
  head: number,
): Promise<Answer<number | undefined>> {
  if (head <= block) return { known: true, value: undefined };
  const made = await answer(readBlockTime(reader.ctx.chain(), block + 1));
  if (!made.known) return made;
  return { known: true, value: Math.max(0, reader.ctx.clock.now().getTime() - made.value * 1000) };
}

/** What the chain has above the newest event, within the time that this source has left. */
async function readUnindexed(
  reader: SourceReader,
  fromBlock: number,
  toBlock: number,
): Promise<Answer<number | null>> {
  const { ctx } = reader;
  const { schema } = await reader.read(database);
  if (schema === null) return unknown('the event tables are unknown');
  const limitMs = ctx.settings.monitor.limitMs * shareOfUnindexed;
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new TvError('check.timeout', `The chain was not searched within ${duration(limitMs)}.`)),
    limitMs,
  );
  const opaque = new Set(
    indexedEvents.filter(({ topic }) => hasOpaqueArgument(topic)).map(({ table }) => table),
  );
  const search = async () =>
    firstUnindexed(ctx.chain(), {
      ...{ fromBlock, toBlock, keeps: keeps(schema) },
      contracts: contractAddresses(ctx.settings),
      storesOpaque: await holdsRows(ctx.database(), {
        tables: schema.tables.filter(({ name }) => opaque.has(name)),
        statementTimeoutMs: limitMs,
      }),
      signal: AbortSignal.any([ctx.signal, stop.signal]),
    });
  return answer(search()).finally(() => clearTimeout(timer));
}

/** Whether the cursor leaves a block soon. */
async function moves(reader: SourceReader, from: number): Promise<boolean> {
  const { ctx } = reader;
  const schema = await readEventSchema(ctx.database());
  const seen = await poll(
    ctx.clock,
    { everyMs: lookEveryMs, limitMs: movesWithinMs, signal: ctx.signal },
    async () => (await readProgress(ctx.database(), { schema })).block,
    (block) => block !== null && block !== from,
  );
  return seen !== null && seen !== from;
}

/** The newest error in the indexer's journal; undefined where its newest lines hold none. */
export const indexerError: Source<RelayError | undefined> = {
  title: 'indexer journal',
  read: async ({ ctx }) => {
    const read = await readIndexerError(ctx);
    if (!read.known)
      throw new TvError('host.unreadable-answer', `The indexer's journal cannot be read: ${read.reason}.`);
    return read.value;
  },
  describe: (error) => error?.message,
};
