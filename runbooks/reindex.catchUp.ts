import { setTimeout as sleep } from 'node:timers/promises';
import { eventName } from '../src/chain/events.ts';
import { readHead } from '../src/chain/readHead.ts';
import { readLogs } from '../src/chain/readLogs.ts';
import { clearEvents } from '../src/database/clearEvents.ts';
import { countRows } from '../src/database/countRows.ts';
import { findWriters } from '../src/database/findWriters.ts';
import { readCursor } from '../src/database/readCursor.ts';
import { readProgress } from '../src/database/readProgress.ts';
import { type Advice, onHost } from '../src/errors/advice.ts';
import { answer } from '../src/errors/answer.ts';
import { TimeoutError, TvError, UnavailableError } from '../src/errors/TvError.ts';
import { listProcesses } from '../src/host/listProcesses.ts';
import { readJournal } from '../src/host/readJournal.ts';
import { readUnit } from '../src/host/readUnit.ts';
import { startUnit } from '../src/host/startUnit.ts';
import { stopUnit } from '../src/host/stopUnit.ts';
import { endOwnSessions } from '../src/operations/backup.ts';
import { type ChainComparison, compareWithChain, keeps } from '../src/operations/compareWithChain.ts';
import { applicationName } from '../src/operations/maintenance.ts';
import type { Step, StepContext } from '../src/runbook/define.ts';
import { step } from '../src/runbook/step.ts';
import { duration } from '../src/text/format.ts';
import { lastBlockKept, type ReindexFacts } from './reindex.preflight.ts';

/** A node that fails now and then needs a second or a third round; one that fails always needs a person. */
const rounds = 3;

/** `comparedTo`: the last block in which the events are the same as on the chain. */
export const compared = step<{
  readonly comparedTo: number;
  readonly events: number;
  readonly refills: number;
}>('gaps');

/**
 * The deployed indexer skips a block whose RPC call failed, for good. The comparison with the chain
 * finds such blocks; the indexer is then set back to before the first of them.
 */
export function fillGaps(facts: ReindexFacts): Step {
  return compared.define({
    title: 'compare with the chain, and read skipped blocks again',
    command: `tv reindex check --from-block ${facts.fromBlock}`,
    runs: 'tv',
    effect: 'compensable',
    afterwards: 'the undo restores the backup of step 2',
    probe: async () => 'not-done',
    run: async (ctx) => {
      const deadline = Date.now() + facts.timeoutMs;
      // An earlier attempt may have been cut off while it cleared, or between stopping the indexer
      // and starting it.
      await endOwnSessions(ctx);
      await startUnit(ctx.host(), { unit: facts.indexer.unit, signal: ctx.signal });
      for (let round = 0; ; round++) {
        const { target } = await follow(ctx, facts, deadline);
        const toBlock = await indexedTo(ctx, facts, target);
        const comparison = await compareWithChain(ctx, {
          schema: facts.database.schema,
          contracts: facts.chain.contracts,
          fromBlock: facts.fromBlock,
          toBlock,
          before: facts.database.kinds,
          onProgress: ctx.progress,
        });
        const [first] = comparison.missing.first;
        if (first === undefined) return { comparedTo: toBlock, events: comparison.matched, refills: round };
        if (round === rounds) throw await stillMissing(ctx, facts, comparison.missing);
        await setBack(ctx, facts, first.block);
      }
    },
  });
}

async function setBack(ctx: StepContext, facts: ReindexFacts, firstMissing: number): Promise<void> {
  const { unit } = facts.indexer;
  await stopUnit(ctx.host(), { unit, signal: ctx.signal });
  await assertQuiescent(ctx, facts);
  await clearEvents(ctx.database(), {
    schema: facts.database.schema,
    fromBlock: firstMissing,
    all: false,
    cursor: firstMissing - 1,
    applicationName: applicationName(ctx.runId),
    signal: ctx.signal,
  });
  await startUnit(ctx.host(), { unit, signal: ctx.signal });
}

/** The newest block that the indexer has certainly looked at. */
async function indexedTo(ctx: StepContext, facts: ReindexFacts, target: number): Promise<number> {
  const cursor = await readCursor(ctx.database(), { schema: facts.database.schema });
  return cursor?.block ?? target;
}

/** Blames the RPC node only where the indexer's journal does so for the first of these blocks. */
async function stillMissing(
  ctx: StepContext,
  { indexer: { unit } }: ReindexFacts,
  { total, first: [first] }: ChainComparison['missing'],
): Promise<TvError> {
  const block = first?.block ?? 0;
  const journal = await answer(readJournal(ctx.host(), { unit, lines: 20, containing: `block ${block}` }));
  const line = journal.known
    ? journal.value.entries.findLast(
        ({ message }) => isError.test(message) && new RegExp(`\\bblock ${block}\\b`).test(message),
      )
    : undefined;
  const node = line !== undefined && isNodeError.test(line.message);
  return new TvError(
    'indexer.missing-events',
    'The indexer has left out events, and does so again each time it reads their blocks.',
    {
      facts: {
        missing: `${total} events`,
        'first in block': `${block}, ${eventName(first?.topic) ?? 'of a kind unknown here'}`,
        tried: `${rounds} times`,
        journal:
          line?.message.slice(0, 200) ??
          (journal.known ? `no error about block ${block}` : `could not be read: ${journal.reason}`),
      },
      next: [
        node
          ? { when: 'the indexer could not read from its RPC node', tv: ['status'] }
          : onHost(`journalctl -u ${unit} -n 200 --no-pager`),
        { when: 'once that is repaired', tv: ['resume', ctx.runId] },
      ],
    },
  );
}

const isError = /error|exception|fail|traceback|timed? ?out/i;
/** Words of a failed call, as the deployed indexer and web3.py print them. */
const isNodeError = /fetching|rpc|http|connection|timed? ?out|too many requests|\b(429|50[0-9])\b/i;

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
  throw new TvError('indexer.stopped', 'The indexer has stopped.', {
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
  return new TvError('indexer.no-progress', 'The indexer is running but makes no progress.', {
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

function tooLong(facts: ReindexFacts, way: Way, done: number): TvError {
  return new TvError('indexer.too-slow', 'The indexer has not reached the head in time; it goes on.', {
    facts: { done: `${done} of ${way.total} ${way.unit}`, '--timeout': duration(facts.timeoutMs) },
    next: { when: 'wait longer', tv: ['resume'] },
  });
}

/** The cursor has to stand this long (milliseconds) to count as still; a running indexer moves it per block. */
const watchMs = 1_000;
/** A session of a process that was just ended is noticed by the server within this time (milliseconds). */
const limitMs = 20_000;

/** What shows that the indexer does nothing any more. */
export type Stillness = {
  readonly unit: string;
  readonly processes: number;
  readonly writers: number;
  readonly cursor: number | null;
};

/**
 * Proves that nothing indexes: the unit is down, no process of the program is left, no session
 * writes event tables, and the cursor does not move.
 * @throws TvError naming what still moves, after 20 s
 */
export async function assertQuiescent(ctx: StepContext, facts: ReindexFacts): Promise<Stillness> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const moving = await whatMoves(ctx, facts);
    if ('cursor' in moving) return moving;
    if (Date.now() > deadline) throw moving.error;
    await sleep(250, undefined, { signal: ctx.signal });
  }
}

async function whatMoves(ctx: StepContext, facts: ReindexFacts): Promise<Stillness | { error: TvError }> {
  const { unit, program } = facts.indexer;
  const { schema } = facts.database;
  const look = () => readProgress(ctx.database(), { schema });
  const before = await look();
  const [state, processes, writers] = await Promise.all([
    readUnit(ctx.host(), { unit }),
    listProcesses(ctx.host(), { program }),
    findWriters(ctx.database(), { schema }),
    sleep(watchMs, undefined, { signal: ctx.signal }),
  ]);
  const after = await look();
  const facing = (message: string, more: Record<string, string>, next: Advice) => ({
    error: new TvError('indexer.still-writing', message, { facts: more, next }),
  });
  if (!['inactive', 'failed'].includes(state.activeState)) {
    return facing(
      'The indexer is not stopped.',
      { [unit]: state.activeState },
      onHost(`systemctl status ${unit}`),
    );
  }
  const [process] = processes;
  if (process !== undefined) {
    return facing(
      'A process of the indexer is left after its unit stopped.',
      {
        pid: String(process.pid),
        command: process.command,
        user: process.user,
        unit: process.unit ?? 'none',
      },
      `find out who started process ${process.pid}, and end it`,
    );
  }
  const [writer] = writers;
  if (writer !== undefined) {
    return facing(
      'A database session still writes event tables.',
      { pid: String(writer.pid), client: writer.client ?? 'unknown', why: writer.reason },
      onHost(`psql -c 'SELECT * FROM pg_stat_activity WHERE pid = ${writer.pid}'`),
    );
  }
  if (before.block !== after.block) {
    return facing(
      'The cursor moves although the indexer is stopped: another indexer works on this database.',
      { from: String(before.block), to: String(after.block) },
      'look for an indexer on another machine',
    );
  }
  return { unit: state.activeState, processes: 0, writers: 0, cursor: after.block };
}
