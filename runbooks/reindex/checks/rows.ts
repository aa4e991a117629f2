import { countRows } from '../../../src/database/countRows.ts';
import type { EventSchema } from '../../../src/database/eventSchema.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';

export interface RowsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly truncate: boolean;
}

/** How many rows go and how many stay; older history goes only where that is asked for by name. */
export async function checkRows(ctx: Context, { schema, fromBlock, truncate }: RowsParameters) {
  const counts = await countRows(ctx.database(), { schema, fromBlock });
  if (!truncate) {
    const value = { clear: counts.clear, keep: counts.keep };
    return pass(
      `${count(counts.clear)} to clear from block ${count(fromBlock)} on; ${count(counts.keep)} older ones stay`,
      value,
    );
  }
  const value = { clear: counts.clear + counts.keep, keep: 0 };
  if (counts.keep === 0) return pass(`${count(value.clear)} to clear; none is older`, value);
  return block(`--truncate would lose ${count(counts.keep)} rows older than block ${count(fromBlock)}`, {
    value,
    facts: { 'they begin at': `block ${count(counts.lowestKept ?? 0)}` },
    next: ['leave --truncate out: older rows then stay'],
    override: 'older-history',
  });
}
