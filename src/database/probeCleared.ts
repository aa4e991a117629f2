import type { Database } from '../runbook/context.ts';
import type { ProbeAnswer } from '../runbook/define.ts';
import { countRows } from './countRows.ts';
import type { EventSchema } from './eventSchema.ts';
import { readCursor } from './readCursor.ts';

export interface ProbeClearedParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly all: boolean;
  readonly cursor: number;
}

/**
 * Whether `clearEvents` with the same parameters has taken place. It is one transaction, so rows
 * and cursor agree: rows left to clear, or a cursor further on, mean that it has not. Clearing again
 * does no harm then. A cursor further back was set by another program: blocks between it and ours were
 * never indexed, and moving it forward would skip them.
 */
export async function probeCleared(
  database: Database,
  parameters: ProbeClearedParameters,
): Promise<ProbeAnswer> {
  const { schema, fromBlock, all, cursor } = parameters;
  if (schema.cursor !== null) {
    const now = await readCursor(database, { schema });
    if (now === undefined) return 'not-done';
    if (now.block < cursor) return 'unknown';
    if (now.block > cursor) return 'not-done';
  }
  const { clear, keep } = await countRows(database, { schema, fromBlock });
  return clear + (all ? keep : 0) === 0 ? 'done' : 'not-done';
}
