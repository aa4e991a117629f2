import { readHead } from '../../../src/chain/readHead.ts';
import type { EventSchema } from '../../../src/database/eventSchema.ts';
import { readCursor } from '../../../src/database/readCursor.ts';
import { answer } from '../../../src/errors/answer.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';

export interface CursorParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
}

/** The indexer has come as far as the block to begin at: nothing is left out between. */
export async function checkCursor(ctx: Context, { schema, fromBlock }: CursorParameters) {
  if (schema.cursor === null) return pass('none in this schema; START_BLOCK decides', { block: null });
  const now = await readCursor(ctx.database(), { schema });
  const value = { block: now?.block ?? null };
  const { name } = schema.cursor;
  if (now === undefined) {
    return warn(`${name} holds no block: it is unknown how far the indexer is; both will be set`, { value });
  }
  // The head second: an indexer that works is never ahead of a head that was read after its cursor.
  const head = await answer(readHead(ctx.chain()));
  if (now.block < fromBlock - 1) {
    return block(
      `the indexer is only at block ${count(now.block)}: the blocks up to ${count(fromBlock - 1)} would never be indexed`,
      {
        value,
        next: [
          { when: 'let the indexer get there first', tv: ['status'] },
          `or begin at block ${now.block + 1} at most`,
        ],
        override: 'skip-blocks',
      },
    );
  }
  // A node that does not answer blocks the check of the chain.
  if (head.known && now.block > head.value.number) {
    return warn(
      `${name} is at block ${count(now.block)}, ahead of the head, ${count(head.value.number)}: the chain was reorganised or reset, or the RPC node lags; both will be set`,
      { value },
    );
  }
  return warn(`${name} outranks START_BLOCK: both will be set`, { value });
}
