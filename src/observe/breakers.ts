import { type Breakers, readBreakers } from '../chain/breakers/readBreakers.ts';
import { namedPairs, pairTitle } from '../chain/pairs/pair.ts';
import type { Protocol } from '../chain/readProtocol.ts';
import { readResting } from '../chain/treasury/readResting.ts';
import { restingFinding } from '../operations/stopEffects.ts';
import type { Context } from '../runbook/context.ts';
import { count } from '../text/format.ts';
import type { SampleValue } from './sample.ts';

/** Names written out; `tv breaker status` shows all. */
const named = 3;
/** Shorter than a source's limit, since the orders are information only. In milliseconds. */
const restingLimitMs = 3_000;

/** All breakers: of the pairs in the settings, and of all whose breaker was ever used. */
export function readAllBreakers(ctx: Context): Promise<Breakers> {
  return readBreakers(ctx.chain(), { pairs: namedPairs(ctx.settings), discover: true });
}

/** Which breakers are open. */
export async function breakers(found: Promise<Breakers>): Promise<SampleValue> {
  const { breakers: all } = await found;
  const open = all.filter((breaker) => breaker.open).map(({ pair }) => pairTitle(pair));
  const data = { open, pairs: all.length };
  if (all.length === 0) return { level: 'ok', summary: 'no breaker was ever used', data };
  if (open.length === 0) return { level: 'ok', summary: `none of ${count(all.length)} open`, data };
  const more = open.length > named ? ` and ${count(open.length - named)} more` : '';
  const summary = `${count(open.length)} of ${count(all.length)} OPEN: ${open.slice(0, named).join(', ')}${more}`;
  return { level: 'warning', summary, data, next: [{ tv: ['breaker', 'status'] }] };
}

/**
 * What rests on the DEX while the protocol is paused or a breaker is open: orders are still filled then.
 * Undefined where neither is so, or neither is known.
 */
export async function restingOrders(
  ctx: Context,
  deployed: Promise<Protocol>,
  found: Promise<Breakers>,
): Promise<SampleValue | undefined> {
  const [{ paused }, all] = await Promise.all([deployed, found.catch(() => undefined)]);
  const open = all?.breakers.filter((breaker) => breaker.open).map(({ pair }) => pair) ?? [];
  if (paused !== true && open.length === 0) return undefined;
  const resting = await readResting(ctx.chain(), {
    pairs:
      paused === true ? [...namedPairs(ctx.settings), ...open.filter(({ name }) => name === null)] : open,
    all: paused === true,
    limitMs: restingLimitMs,
  });
  const { summary, status, facts, next } = restingFinding(resting);
  const more = Object.entries(facts ?? {}).map(([name, words]) => `; ${name}: ${words}`);
  const isKnown = resting.known && (resting.value.pairs.length > 0 || resting.value.unknown === null);
  return {
    level: status === 'pass' ? 'ok' : isKnown ? 'warning' : 'unknown',
    summary: `${summary}${more.join('')}`,
    ...(next === undefined ? {} : { next }),
  };
}
