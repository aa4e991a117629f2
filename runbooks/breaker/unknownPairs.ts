import type { Breaker } from '../../src/chain/breakers/readBreakers.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { readPairTokens } from '../../src/chain/treasury/findToken.ts';
import type { Context } from '../../src/runbook/context.ts';
import { withoutKeys } from '../../src/text/pastedKeys.ts';

/** Contracts take any id: a mistyped one would be tripped, and the pair that was meant would trade on. */
export async function unknownPairs(
  ctx: Pick<Context, 'chain'>,
  breakers: readonly Breaker[],
): Promise<readonly Breaker[]> {
  const unseen = breakers.filter(isUnseen);
  const tokens = await Promise.all(unseen.map(({ pair }) => readPairTokens(ctx.chain(), pair.id)));
  return unseen.filter((_, index) => tokens[index]?.length === 0);
}

/** Neither settings nor events nor signals have it. */
function isUnseen({ pair, last, signal }: Breaker): boolean {
  return pair.name === null && last === null && (signal?.at ?? 0) === 0;
}

/** A pair by its name or id. An id that was only typed is not repeated: a private key has 64 hex digits, too. */
export function seenTitle(breaker: Breaker): string {
  return isUnseen(breaker) ? withoutKeys(breaker.pair.id) : pairTitle(breaker.pair);
}

/** What an unknown pair lacks. */
export const unknownBecause = 'no name, no signal, no event, not in the strategy';
