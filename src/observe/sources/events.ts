import { contractAddresses } from '../../chain/contracts.ts';
import { readHead } from '../../chain/readHead.ts';
import { readEvents } from '../../database/readEvents.ts';
import { readOldestBlock } from '../../database/readOldestBlock.ts';
import { TvError } from '../../errors/TvError.ts';
import { keeps } from '../../operations/compareWithChain.ts';
import { type EventSample, sampleEvents, sampleRanges } from '../../operations/sampleEvents.ts';
import { count, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';
import { database } from './database.ts';

/** Of the limit of a source: for one statement, and for what may be begun. */
const shareOfStatement = 0.8;
const shareOfSample = 0.5;

/** A few ranges of recent blocks, the events of the database against the logs of the chain; undefined without any. */
export const events: Source<EventSample | undefined> = {
  title: 'events',
  read: async (reader) => {
    const { ctx } = reader;
    const { limitMs } = ctx.settings.monitor;
    const statementTimeoutMs = limitMs * shareOfStatement;
    const { schema, progress, problem } = await reader.read(database);
    if (schema === null || progress === null)
      throw new TvError('db.events-missing', problem ?? 'The event tables are unknown.');
    if (progress.block === null) return undefined;
    const [oldest, head] = await Promise.all([
      readOldestBlock(ctx.database(), { schema, statementTimeoutMs }),
      // After the cursor: a correct indexer is never ahead of it.
      ofTheChain(reader, () => readHead(ctx.chain())),
    ]);
    if (oldest === undefined) return undefined;
    // Without a cursor the newest block with an event may be half stored.
    const indexed = progress.source === 'cursor' ? progress.block : progress.block - 1;
    const ranges = sampleRanges({ oldest, indexed, head: head.number });
    if (ranges.length === 0) return undefined;
    const stop = new AbortController();
    // Nothing waits for it any more: it must not try again in the background, check after check.
    const timer = setTimeout(
      () => stop.abort(new TvError('check.timeout', 'The comparison was ended.')),
      limitMs,
    );
    try {
      return await sampleEvents(ctx.chain(), {
        ranges,
        contracts: contractAddresses(ctx.settings),
        rows: ({ from, to }) =>
          readEvents(ctx.database(), { schema, fromBlock: from, toBlock: to, statementTimeoutMs }),
        keeps: keeps(schema),
        enoughMs: limitMs * shareOfSample,
        signal: AbortSignal.any([ctx.signal, stop.signal]),
      });
    } finally {
      clearTimeout(timer);
    }
  },
  unseen: (value) =>
    value === undefined ? 'the database has no event to compare with the chain' : undefined,
  describe: (sample) => {
    if (sample === undefined) return 'none in the database to compare with the chain';
    const blocks = sample.ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const [first] = sample.skipped;
    const less =
      first === undefined
        ? ''
        : `; blocks ${count(first.from)} to ${count(first.to)} not compared: ${first.reason}`;
    return `${count(sample.matched)} as on the chain, in a sample of ${howMany(blocks, 'block')}${less}`;
  },
};
