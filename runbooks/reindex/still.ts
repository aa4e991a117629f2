import { setTimeout as sleep } from 'node:timers/promises';
import { findWriters } from '../../src/database/findWriters.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { type Advice, onHost } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import type { ReindexFacts } from './facts.ts';

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
    error: new TvError(message, { facts: more, next }),
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
