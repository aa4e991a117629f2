import { readEventSchema } from '../../database/readEventSchema.ts';
import { readProgress } from '../../database/readProgress.ts';
import { onHost } from '../../errors/advice.ts';
import { type Answer, answer, known } from '../../errors/answer.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import type { Context } from '../../runbook/context.ts';
import { poll } from '../../runbook/poll.ts';
import { block, pass, warn } from '../../runbook/preflight.ts';
import { count, duration } from '../../text/format.ts';
import { quoteError, readIndexerError } from './readIndexerError.ts';

/** The deployed indexer's, in seconds, where `.env` has no POLL_INTERVAL. */
export const defaultPollSeconds = 12;
/** An indexer that has not moved for this many polls makes no progress. */
const stalledPolls = 3;
const shortestWaitMs = 15_000;
const lookEveryMs = 500;

/** Of the indexer, in seconds; unknown where `.env` cannot be read. */
export async function readPollSeconds(ctx: Pick<Context, 'host' | 'settings'>): Promise<Answer<number>> {
  const read = await answer((async () => readEnvFile(ctx.host(), { path: ctx.settings.host.envFile }))());
  if (!read.known) return read;
  const { value } = read.value.entries.find(({ key }) => key === 'POLL_INTERVAL') ?? {};
  const seconds = Number(value ?? Number.NaN);
  return known(seconds > 0 ? seconds : defaultPollSeconds);
}

/**
 * Waits, for a few polls, until the indexer has moved its cursor.
 * @param from where it was before it was started; null where that is unknown
 * @param since when it was started
 * @param readHeadNumber where given, an indexer that has not moved passes if it is at the head of the chain
 */
export async function awaitProgress(
  ctx: Context,
  from: number | null,
  since: Date,
  readHeadNumber?: () => Promise<number>,
) {
  const schema = await readEventSchema(ctx.database());
  const read = () => readProgress(ctx.database(), { schema });
  const first = await read();
  const start = from ?? first.block ?? -1;
  const next = [
    onHost(`journalctl -u ${ctx.settings.host.units.indexer} -n 50 --no-pager`),
    { tv: ['status'] },
  ];
  if (first.source === 'rows') {
    const error = await readIndexerError(ctx, since);
    if (!error.known || error.value !== undefined) {
      return block(
        `no cursor shows whether the indexer makes progress; ${quoteError(error, ctx.clock.now())}`,
        { next },
      );
    }
    return warn(
      'no cursor shows whether the indexer makes progress; no error in its journal since it started',
    );
  }
  const every = await readPollSeconds(ctx);
  const pollSeconds = every.known ? every.value : defaultPollSeconds;
  const limitMs = Math.max(shortestWaitMs, stalledPolls * pollSeconds * 1_000);
  const { block: moved } = await poll(
    ctx.clock,
    { everyMs: lookEveryMs, limitMs, signal: ctx.signal },
    read,
    ({ block }) => block !== null && block > start,
  );
  if (moved !== null && moved > start) {
    return pass(
      `the indexer makes progress: from block ${start < 0 ? 'none' : count(start)} to ${count(moved)}`,
    );
  }
  if (readHeadNumber !== undefined) {
    const head = await readHeadNumber();
    const { block: now } = await read();
    if (now !== null && now >= head) {
      return pass(
        `the indexer is at the head, block ${count(now)}; no new block came for ${duration(limitMs)}`,
      );
    }
  }
  const error = await readIndexerError(ctx, since);
  return block(
    `no progress of the indexer was seen for ${duration(limitMs)} (block ${start < 0 ? 'none' : count(start)}); ${quoteError(error, ctx.clock.now())}`,
    {
      next,
      ...(every.known ? {} : { facts: { 'how often it asks for blocks': `unknown: ${every.reason}` } }),
    },
  );
}
