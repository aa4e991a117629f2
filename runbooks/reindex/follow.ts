import { readHead } from '../../src/chain/readHead.ts';
import { readLogs } from '../../src/chain/readLogs.ts';
import { countRows } from '../../src/database/countRows.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { onHost } from '../../src/errors/advice.ts';
import { TimeoutError, TvError, UnavailableError } from '../../src/errors/TvError.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { duration } from '../../src/text/format.ts';
import { keeps } from './compare.ts';
import { lastBlockKept, type ReindexFacts } from './facts.ts';

const lookEveryMs = 500;
/** Without a step forward for this many polls of the indexer it counts as stalled. */
const stalledPolls = 6;
const shortestStallMs = 15_000;

/** How far the indexer is on its way to a target, in blocks or, without a cursor, in events. */
interface Way {
  readonly unit: string;
  readonly total: number;
  done(): Promise<number>;
}

export type Followed = { readonly target: number; readonly stalled: boolean };

/**
 * Waits until the indexer has reached the head as it is now. A node or a database that goes away
 * meanwhile is waited for.
 * @throws TvError where the indexer stops, stalls, or needs longer than `deadline` (ms since 1970)
 */
export async function follow(ctx: StepContext, facts: ReindexFacts, deadline: number): Promise<Followed> {
  await ensureRunning(ctx, facts);
  const patient = <T>(look: () => Promise<T>) => retry(ctx, deadline, look);
  const target = await patient(async () => (await readHead(ctx.chain())).number);
  const way = await patient(() => plan(ctx, facts, target));
  const stallMs = Math.max(shortestStallMs, stalledPolls * facts.indexer.pollSeconds * 1000);
  let best = -1;
  let movedAt = Date.now();
  for (;;) {
    const done = await patient(way.done);
    ctx.progress({ done: Math.min(done, way.total), total: way.total, unit: way.unit });
    if (done >= way.total) {
      const head = (await patient(() => readHead(ctx.chain()))).number;
      if (head >= target) return { target, stalled: false };
      // Blocks that the indexer has counted are not there any more: it has not reached the head.
      if (Date.now() > deadline) throw headWentBack(target, head);
      ctx.progress({ done: 0, unit: 'waiting', note: `the head went back to block ${head}` });
      if (Date.now() - movedAt > stallMs) throw headWentBack(target, head);
      await ctx.clock.sleep(lookEveryMs, ctx.signal);
      continue;
    }
    if (done > best) {
      best = done;
      movedAt = Date.now();
    }
    const quietMs = Date.now() - movedAt;
    if (quietMs > stallMs) {
      await assertRunning(ctx, facts);
      // Rows that stay away for good are blocks that the indexer skipped: the next step reads them again.
      if (facts.database.schema.cursor === null) return { target, stalled: true };
      throw stalled(facts, way, done, quietMs, await cursorState(ctx, facts));
    }
    if (Date.now() > deadline) throw tooLong(facts, way, done);
    await ctx.clock.sleep(lookEveryMs, ctx.signal);
  }
}

async function plan(ctx: StepContext, facts: ReindexFacts, target: number): Promise<Way> {
  const { schema } = facts.database;
  const start = lastBlockKept(facts);
  if (schema.cursor !== null) {
    return {
      unit: 'blocks',
      total: target - start,
      done: async () => ((await readCursor(ctx.database(), { schema }))?.block ?? start) - start,
    };
  }
  const kept = keeps(schema);
  let total = 0;
  const range = { fromBlock: facts.fromBlock, toBlock: target, addresses: facts.chain.contracts };
  for await (const log of readLogs(ctx.chain(), { ...range, signal: ctx.signal })) if (kept(log)) total += 1;
  return {
    unit: 'events',
    total,
    done: async () => {
      const { clear } = await countRows(ctx.database(), { schema, fromBlock: facts.fromBlock });
      // Looked at second: rows that came in between must not count for ones that are missing.
      const { block } = await readProgress(ctx.database(), { schema });
      // It reads block by block: with a row above the target, nothing more will come below it.
      return block !== null && block > target ? total : clear;
    },
  };
}

/** Tries again, once a second, while a source is away. */
async function retry<T>(ctx: StepContext, deadline: number, look: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      const passing = error instanceof UnavailableError || error instanceof TimeoutError;
      if (!passing || ctx.signal.aborted || Date.now() > deadline) throw error;
      ctx.progress({ done: 0, unit: 'waiting', note: error.message });
      await ctx.clock.sleep(1_000, ctx.signal);
    }
  }
}

/** A resumed run may find the indexer stopped, although the journal has its start. */
async function ensureRunning(ctx: StepContext, { indexer: { unit } }: ReindexFacts): Promise<void> {
  const { activeState } = await readUnit(ctx.host(), { unit });
  if (activeState !== 'active') await startUnit(ctx.host(), { unit, signal: ctx.signal });
}

async function assertRunning(ctx: StepContext, { indexer: { unit } }: ReindexFacts): Promise<void> {
  const { activeState, result } = await readUnit(ctx.host(), { unit });
  if (activeState === 'active') return;
  throw new TvError('The indexer has stopped.', {
    facts: { [unit]: activeState, result },
    next: [
      onHost(`journalctl -u ${unit} -n 50 --no-pager`),
      { when: 'start it again and continue', tv: ['resume', ctx.runId] },
    ],
  });
}

function stalled(
  { indexer: { unit } }: ReindexFacts,
  way: Way,
  done: number,
  quietMs: number,
  cursor: string | undefined,
): TvError {
  return new TvError('The indexer is running but makes no progress.', {
    facts: { done: `${done} of ${way.total} ${way.unit}`, 'no progress for': duration(quietMs), cursor },
    next: onHost(`journalctl -u ${unit} -n 50 --no-pager`),
  });
}

/** Undefined where the cursor holds a block. */
async function cursorState(
  ctx: StepContext,
  { database: { schema } }: ReindexFacts,
): Promise<string | undefined> {
  if (schema.cursor === null || (await readCursor(ctx.database(), { schema })) !== undefined)
    return undefined;
  return `${schema.cursor.name} holds no block`;
}

function headWentBack(target: number, head: number): TvError {
  return new TvError("The chain's head went back: it was reorganised, or the RPC node lags.", {
    facts: { 'head before': target, 'head now': head },
    next: [
      { when: 'compare the RPC nodes', tv: ['status'] },
      { when: 'once the head is past that block', tv: ['resume'] },
    ],
  });
}

function tooLong(facts: ReindexFacts, way: Way, done: number): TvError {
  return new TvError('The indexer has not reached the head in time; it goes on.', {
    facts: { done: `${done} of ${way.total} ${way.unit}`, '--timeout': duration(facts.timeoutMs) },
    next: { when: 'wait longer', tv: ['resume'] },
  });
}
