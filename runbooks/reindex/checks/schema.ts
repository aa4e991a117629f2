import { indexedEvents } from '../../../src/chain/events.ts';
import { readEventSchema } from '../../../src/database/readEventSchema.ts';
import { onHost } from '../../../src/errors/advice.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';

/** Tables that the indexer is known to fill, those of RUNBOOK.md (section 1, step 3) included. */
const knownTables = new Set([...indexedEvents.map(({ table }) => table), 'rebalances']);

/** What is to be cleared is what the indexer fills again, and nothing else hangs on it. */
export async function checkSchema(ctx: Context) {
  const found = await readEventSchema(ctx.database());
  if (found.dependents.length > 0) {
    return block('other tables refer to the event tables', {
      facts: Object.fromEntries(found.dependents.map(({ table, refersTo }) => [table, `→ ${refersTo}`])),
      next: ['drop or move those tables first: clearing would leave their rows without what they refer to'],
    });
  }
  const unknown = found.tables.filter(({ name, role }) => role !== 'raw' && !knownTables.has(name));
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(', ');
    return block(`${names}: would be cleared too, and nothing says that the indexer fills it again`, {
      value: found,
      next: [onHost(`psql -c '\\d+ ${unknown[0]?.name}'`, 'see what it is')],
      override: 'unknown-tables',
    });
  }
  const missing =
    found.missing.length === 0 ? '' : `; ${found.missing.join(', ')} of the runbook: not here, left out`;
  const what =
    found.raw === null
      ? `${found.tables.length} event tables, no cursor`
      : `${found.raw.name} + ${found.tables.length - 1} tables`;
  return pass(`${what}${missing}`, found);
}
