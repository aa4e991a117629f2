import { readHead } from '../../chain/readHead.ts';
import { readLogs } from '../../chain/readLogs.ts';
import type { Address } from '../../config/settings.ts';
import { countRows } from '../../database/countRows.ts';
import type { EventSchema } from '../../database/eventSchema.ts';
import { readCursor } from '../../database/readCursor.ts';
import { readProgress } from '../../database/readProgress.ts';
import { onHost } from '../../errors/advice.ts';
import { isUnanswered, TvError } from '../../errors/TvError.ts';
import { readUnit } from '../../host/readUnit.ts';
import { startUnit } from '../../host/startUnit.ts';
import type { StepContext } from '../../runbook/define.ts';
import { monotonic } from '../../runbook/monotonic.ts';
import { duration } from '../../text/format.ts';
import { keeps } from '../compareWithChain.ts';

export interface CatchUpParameters {
  readonly unit: string;
  /** Seconds between two polls of the indexer. */
  readonly pollSeconds: number;
  readonly schema: EventSchema;
  readonly contracts: readonly Address[];
  readonly fromBlock: number;
  /** As the operator has set it, in milliseconds. */
  readonly limitMs: number;
  /** When that is over, as `monotonic` counts. */
  readonly deadline: number;
  /** The block to reach; default: the head. */
  readonly target?: number;
  /** Of whoever reads ahead for the indexer: why nothing comes at the moment, and what ended that for good. */
  readonly source?: { readonly trouble: string | undefined; readonly failure: Error | undefined };
}

export type CaughtUp = {
  readonly target: number;
  /** Without a cursor: rows that stay away are blocks that the indexer has skipped. */
  readonly stalled: boolean;
};

/**
 * The cursor, and START_BLOCK: the indexer takes both as already indexed, and reads from the block after it.
 */
export function lastBlockKept(fromBlock: number): number {
  return Math.max(0, fromBlock - 1);
}

const betweenReadsMs = 500;
/** Where blocks are read ahead for the indexer, it reads hundreds between two looks. */
const betweenReadsAheadMs = 100;
/** Without a step forward for this many polls of the indexer it counts as stalled. */
const stalledPolls = 6;
const shortestStallMs = 15_000;

/**
 * Waits until the indexer has reached the head as it is now. A node or a database that goes away meanwhile is
 * waited for, and an indexer that a resumed run finds stopped is started.
 * @throws TvError where the indexer stops, stalls, or needs longer than until `deadline`
 */
export async function waitForCatchUp(ctx: StepContext, parameters: CatchUpParameters): Promise<CaughtUp> {
  const { unit, pollSeconds, schema, deadline, source } = parameters;
  const now = () => monotonic(ctx.clock);
  const pauseMs = source === undefined ? betweenReadsMs : betweenReadsAheadMs;
  const { activeState } = await readUnit(ctx.host(), { unit });
  if (activeState !== 'active') await startUnit(ctx.host(), { unit, signal: ctx.signal });
  const patiently = <T>(read: () => Promise<T>) => retry(ctx, deadline, read);
  const target = parameters.target ?? (await patiently(async () => (await readHead(ctx.chain())).number));
  const distance = await patiently(() => measure(ctx, parameters, target));
  const stallMs = Math.max(shortestStallMs, stalledPolls * pollSeconds * 1000);
  let best = -1;
  let movedAt = now();
  for (;;) {
    if (source?.failure !== undefined) throw source.failure;
    const done = await patiently(distance.done);
    const note = source?.trouble;
    ctx.progress({
      ...{ done: Math.min(done, distance.total), total: distance.total, unit: distance.unit },
      ...(note === undefined ? {} : { note }),
    });
    // The indexer waits for the nodes: that is not its fault.
    if (note !== undefined) movedAt = now();
    if (done >= distance.total) {
      const head = (await patiently(() => readHead(ctx.chain()))).number;
      if (head >= target) return { target, stalled: false };
      // Blocks that the indexer has counted are not there any more: it has not reached the head.
      if (now() > deadline) throw headWentBack(target, head);
      ctx.progress({ done: 0, unit: 'waiting', note: `the head went back to block ${head}` });
      if (now() - movedAt > stallMs) throw headWentBack(target, head);
      await ctx.clock.sleep(pauseMs, ctx.signal);
      continue;
    }
    if (done > best) {
      best = done;
      movedAt = now();
    }
    const quietMs = now() - movedAt;
    if (quietMs > stallMs) {
      await assertRunning(ctx, unit);
      if (schema.cursor === null) return { target, stalled: true };
      throw await noProgress(ctx, parameters, { distance, done, quietMs });
    }
    if (now() > deadline) throw tooSlow(parameters, distance, done);
    await ctx.clock.sleep(pauseMs, ctx.signal);
  }
}

/** How far it is to a target, in blocks or, without a cursor, in events. */
interface Distance {
  readonly unit: string;
  readonly total: number;
  done(): Promise<number>;
}

async function measure(
  ctx: StepContext,
  { schema, fromBlock, contracts }: CatchUpParameters,
  target: number,
): Promise<Distance> {
  if (schema.cursor !== null) {
    const start = lastBlockKept(fromBlock);
    return {
      unit: 'blocks',
      total: target - start,
      done: async () => ((await readCursor(ctx.database(), { schema }))?.block ?? start) - start,
    };
  }
  const kept = keeps(schema);
  let total = 0;
  const range = { fromBlock, toBlock: target, addresses: contracts };
  for await (const log of readLogs(ctx.chain(), { ...range, signal: ctx.signal })) if (kept(log)) total += 1;
  return {
    unit: 'events',
    total,
    done: async () => {
      const { clear } = await countRows(ctx.database(), { schema, fromBlock });
      // Read second: rows that came in between must not count for ones that are missing.
      const { block } = await readProgress(ctx.database(), { schema });
      // It reads block by block: with a row above the target, nothing more will come below it.
      return block !== null && block > target ? total : clear;
    },
  };
}

/** Tries again, once a second, while a source is away. */
async function retry<T>(ctx: StepContext, deadline: number, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!isUnanswered(error) || ctx.signal.aborted || monotonic(ctx.clock) > deadline) throw error;
      ctx.progress({ done: 0, unit: 'waiting', note: error.message });
      await ctx.clock.sleep(1_000, ctx.signal);
    }
  }
}

async function assertRunning(ctx: StepContext, unit: string): Promise<void> {
  const { activeState, result } = await readUnit(ctx.host(), { unit });
  if (activeState === 'active') return;
  throw new TvError('indexer.stopped', 'The indexer has stopped.', {
    facts: { [unit]: activeState, result },
    next: [
      onHost(`journalctl -u ${unit} -n 50 --no-pager`),
      { when: 'start it again and continue', tv: ['resume', ctx.runId] },
    ],
  });
}

async function noProgress(
  ctx: StepContext,
  { unit, schema }: CatchUpParameters,
  at: { readonly distance: Distance; readonly done: number; readonly quietMs: number },
): Promise<TvError> {
  const { distance, done, quietMs } = at;
  const holdsNone =
    schema.cursor !== null && (await readCursor(ctx.database(), { schema })) === undefined
      ? `${schema.cursor.name} holds no block`
      : undefined;
  return new TvError('indexer.no-progress', 'The indexer is running but makes no progress.', {
    facts: {
      done: `${done} of ${distance.total} ${distance.unit}`,
      'no progress for': duration(quietMs),
      cursor: holdsNone,
    },
    next: onHost(`journalctl -u ${unit} -n 50 --no-pager`),
  });
}

function headWentBack(target: number, head: number): TvError {
  return new TvError(
    'chain.head-went-back',
    "The chain's head went back: it was reorganised, or the RPC node lags.",
    {
      facts: { 'head before': target, 'head now': head },
      next: [
        { when: 'compare the RPC nodes', tv: ['status'] },
        { when: 'once the head is past that block', tv: ['resume'] },
      ],
    },
  );
}

function tooSlow({ limitMs }: CatchUpParameters, { total, unit }: Distance, done: number): TvError {
  return new TvError('indexer.too-slow', 'The indexer has not reached the head in time. It keeps running.', {
    facts: { done: `${done} of ${total} ${unit}`, '--timeout': duration(limitMs) },
    next: { when: 'wait longer', tv: ['resume'] },
  });
}
