import { readBlockTime, readHead } from '../../chain/readHead.ts';
import { readEventSchema } from '../../database/readEventSchema.ts';
import { readProgress } from '../../database/readProgress.ts';
import { type Answer, answer, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { RelayError } from '../../host/readRelayError.ts';
import { defaultPollSeconds, readPollSeconds } from '../../operations/indexer/awaitProgress.ts';
import { readIndexerError } from '../../operations/indexer/readIndexerError.ts';
import { poll } from '../../runbook/poll.ts';
import { count, howMany } from '../../text/format.ts';
import type { Source, SourceReader } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';
import { database } from './database.ts';

/** An indexer that has not read a block for this many polls, and at least so many milliseconds, is stalled. */
const stalledPolls = 6;
const shortestStallMs = 15_000;
/** An indexer that catches up moves its cursor within this time, in milliseconds. */
const movesWithinMs = 1_000;
const lookEveryMs = 200;

export interface IndexerState {
  readonly block: number;
  /** `rows`: the newest event, where there is no cursor. */
  readonly source: 'cursor' | 'rows';
  /** Read after the cursor, which may move meanwhile. */
  readonly head: Answer<number>;
  /** How long the first block above the cursor has been on the chain, in ms; undefined where there is none. */
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
    const waitingMs = head.known ? await waitingTime(reader, block, head.value.number) : unknown(head.reason);
    const stallMs = Math.max(shortestStallMs, stalledPolls * pollSeconds * 1000);
    const isWaiting = waitingMs.known && waitingMs.value !== undefined && waitingMs.value > stallMs;
    const isFar = head.known && head.value.number - block > reader.ctx.settings.monitor.lagBlocks;
    const isSuspect = source === 'cursor' && (isWaiting || isFar);
    return {
      block,
      source,
      head: head.known ? { known: true, value: head.value.number } : head,
      waitingMs,
      pollSeconds: poll,
      // One that catches up leaves blocks waiting for long, and moves.
      isMoving: isSuspect ? await moves(reader, block) : undefined,
    };
  },
  describe: ({ block, source, head }) => {
    const place = `${source === 'cursor' ? 'cursor' : 'newest event'} ${count(block)}`;
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
