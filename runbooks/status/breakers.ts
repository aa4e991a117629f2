import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { namedPairs, pairTitle } from '../../src/chain/pairs/pair.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { Reading } from '../../src/runbook/gauge.ts';
import { count } from '../../src/runbook/text.ts';

/** So many names are one line; `tv breaker status` has the rest. */
const named = 3;

/** Open breakers: of the pairs in the settings, and of all whose breaker was ever used. */
export async function breakers(ctx: Context): Promise<Reading> {
  const pairs = namedPairs(ctx.settings);
  const { breakers: all } = await readBreakers(ctx.chain(), { pairs, discover: true });
  const open = all.filter((breaker) => breaker.open).map(({ pair }) => pairTitle(pair));
  const data = { open, pairs: all.length };
  if (all.length === 0) return { level: 'ok', summary: 'none was ever used', data };
  if (open.length === 0) return { level: 'ok', summary: `none of ${count(all.length)} open`, data };
  const more = open.length > named ? ` and ${count(open.length - named)} more` : '';
  const summary = `${count(open.length)} of ${count(all.length)} OPEN: ${open.slice(0, named).join(', ')}${more}`;
  return { level: 'warning', summary, data, next: ['tv breaker status'] };
}
