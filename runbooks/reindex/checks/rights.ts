import { checkRights } from '../../../src/database/checkRights.ts';
import type { EventSchema } from '../../../src/database/eventSchema.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';

const purposeWords = { clear: 'clear', backup: 'back up', restore: 'put back' } as const;

/** The role may do all that this run, or its undo, will do. */
export async function checkTableRights(ctx: Context, { schema }: { readonly schema: EventSchema }) {
  const missing = await checkRights(ctx.database(), { schema });
  if (missing.length === 0) return pass('to read, clear, back up and put back: all there', true);
  const tables = [...new Set(missing.map(({ table }) => table))];
  const lacking = (table: string) => {
    const ofTable = missing.filter((right) => right.table === table);
    const privileges = [...new Set(ofTable.map(({ privilege }) => privilege))];
    const purposes = [...new Set(ofTable.map(({ purpose }) => purposeWords[purpose]))];
    return `${privileges.join(', ')} (to ${purposes.join(', ')})`;
  };
  return block(`${ctx.database().target.user} lacks rights on ${tables.length} of the tables`, {
    facts: Object.fromEntries(tables.slice(0, 8).map((table) => [table, lacking(table)])),
    next: [
      {
        when: "have them granted by the tables' owner, or set INDEXER_DB_URL to connect as the owner",
        tv: ['config', 'show'],
      },
    ],
  });
}
