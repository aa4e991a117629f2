import type { EventSchema } from '../../database/eventSchema.ts';
import { findWriters } from '../../database/findWriters.ts';
import { readProgress } from '../../database/readProgress.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { StepContext } from '../../runbook/define.ts';
import { poll } from '../../runbook/poll.ts';

export interface QuiescentParameters {
  readonly unit: string;
  readonly program: string;
  readonly schema: EventSchema;
}

/** What shows that no indexer writes any more. */
export type Quiescence = {
  readonly unit: string;
  readonly processes: number;
  readonly writers: number;
  readonly cursor: number | null;
};

/** The cursor has to stay the same for so long, in milliseconds: a running indexer moves it with every block. */
const watchMs = 1_000;
/** The server notices within this time, in milliseconds, that a process with a session has exited. */
const limitMs = 20_000;

/**
 * Proves that nothing indexes: the unit is stopped, no process of the program is left, no session writes
 * event tables, and the cursor does not move.
 * @throws TvError naming what still moves, after 20 s
 */
export async function assertQuiescent(
  ctx: StepContext,
  parameters: QuiescentParameters,
): Promise<Quiescence> {
  const found = await poll(
    ctx.clock,
    { everyMs: 250, limitMs, signal: ctx.signal },
    () => findMovement(ctx, parameters),
    (each) => !(each instanceof TvError),
  );
  if (found instanceof TvError) throw found;
  return found;
}

async function findMovement(
  ctx: StepContext,
  { unit, program, schema }: QuiescentParameters,
): Promise<Quiescence | TvError> {
  const before = await readProgress(ctx.database(), { schema });
  const [state, processes, writers] = await Promise.all([
    readUnit(ctx.host(), { unit }),
    listProcesses(ctx.host(), { program }),
    findWriters(ctx.database(), { schema }),
    ctx.clock.sleep(watchMs, ctx.signal),
  ]);
  const after = await readProgress(ctx.database(), { schema });
  const moves = (message: string, facts: Record<string, string>, next: Advice) =>
    new TvError('indexer.still-writing', message, { facts, next });
  if (!['inactive', 'failed'].includes(state.activeState)) {
    return moves(
      'The indexer is not stopped.',
      { [unit]: state.activeState },
      onHost(`systemctl status ${unit}`),
    );
  }
  const [process] = processes;
  if (process !== undefined) {
    const { pid, command, user } = process;
    return moves(
      'A process of the indexer is left after its unit stopped.',
      { pid: String(pid), command, user, unit: process.unit ?? 'none' },
      `find out who started process ${pid}, and end it`,
    );
  }
  const [writer] = writers.found;
  if (writer !== undefined) {
    return moves(
      'A database session still writes event tables.',
      { pid: String(writer.pid), client: writer.client ?? 'unknown', why: writer.reason },
      onHost(`psql -c 'SELECT * FROM pg_stat_activity WHERE pid = ${writer.pid}'`),
    );
  }
  if (before.block !== after.block) {
    return moves(
      'The cursor moves although the indexer is stopped: another indexer writes to this database.',
      { from: String(before.block), to: String(after.block) },
      'look for an indexer on another machine',
    );
  }
  return { unit: state.activeState, processes: 0, writers: 0, cursor: after.block };
}
