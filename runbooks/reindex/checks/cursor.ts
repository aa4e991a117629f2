import type { EventSchema } from '../../../src/database/eventSchema.ts';
import { readCursor } from '../../../src/database/readCursor.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/lookout.ts';
import { count } from '../../../src/runbook/text.ts';

export interface CursorParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
}

/** The indexer has come as far as the block to begin at: nothing is left out between. */
export async function checkCursor(ctx: Context, { schema, fromBlock }: CursorParameters) {
  if (schema.cursor === null) return pass('none in this schema; START_BLOCK decides', { block: null });
  const now = await readCursor(ctx.database(), { schema });
  const value = { block: now?.block ?? null };
  if (now !== undefined && now.block < fromBlock - 1) {
    return block(
      `the indexer is only at block ${count(now.block)}: the blocks up to ${count(fromBlock - 1)} would never be indexed`,
      {
        value,
        next: ['let the indexer get there first: tv status', `or begin at block ${now.block + 1} at most`],
        override: 'skip-blocks',
      },
    );
  }
  return warn(`${schema.cursor.name} outranks START_BLOCK: both will be set`, { value });
}
