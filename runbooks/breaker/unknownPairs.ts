import type { Breaker } from '../../src/chain/breakers/readBreakers.ts';
import { readPairTokens } from '../../src/chain/treasury/findToken.ts';
import type { Context } from '../../src/runbook/context.ts';

/** Contracts take any id: a mistyped one would be tripped, and the pair that was meant would trade on. */
export async function unknownPairs(
  ctx: Pick<Context, 'chain'>,
  breakers: readonly Breaker[],
): Promise<readonly Breaker[]> {
  const unseen = breakers.filter(
    ({ pair, last, signal }) => pair.name === null && last === null && (signal?.at ?? 0) === 0,
  );
  const tokens = await Promise.all(unseen.map(({ pair }) => readPairTokens(ctx.chain(), pair.id)));
  return unseen.filter((_, index) => tokens[index]?.length === 0);
}

/** Where somebody is looked for who knows a pair. */
export const nobodyKnows = 'no name, no signal, no event, not in the strategy';
