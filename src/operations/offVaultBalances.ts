import type { Pair } from '../chain/pairs/pair.ts';
import { formatAmount } from '../chain/treasury/amount.ts';
import type { Token } from '../chain/treasury/findToken.ts';
import type { Places } from '../chain/treasury/readPlaces.ts';
import type { Advice } from '../errors/advice.ts';
import type { Finding } from '../runbook/check.ts';
import { pass, warn } from '../runbook/preflight.ts';

const titles = {
  strategy: 'in the strategy',
  dex: 'on the DEX',
  deployed: 'booked as deployed',
} as const satisfies Partial<Record<keyof Places, string>>;

/**
 * What of the treasury is not withdrawable from the vault: how much is where, and what gets it out.
 * @param pairs of the settings: an unwind is by pair
 */
export function outside(
  tokens: readonly { readonly token: Token; readonly places: Places }[],
  pairs: readonly Pair[],
): Finding {
  const found = (Object.keys(titles) as (keyof typeof titles)[]).flatMap((place) => {
    const amounts = tokens
      .filter((one) => one.places[place] !== '0')
      .map((one) => formatAmount(BigInt(one.places[place]), one.token));
    return amounts.length === 0 ? [] : [{ place, amounts: amounts.join(', ') }];
  });
  if (found.length === 0) return pass('nothing is left outside the vault');
  return warn('some capital is not withdrawable', {
    facts: Object.fromEntries(found.map(({ place, amounts }) => [titles[place], amounts])),
    next: found.map(({ place, amounts }) => wayOut(place, amounts, pairs)),
  });
}

function wayOut(place: keyof typeof titles, amounts: string, pairs: readonly Pair[]): Advice {
  switch (place) {
    case 'strategy':
      // An unwind returns what was on the DEX, and leaves what the strategy itself holds.
      return `${amounts} in the strategy: no command of tv returns it to the vault; whoever administers DexStrategy has to`;
    case 'dex':
      return { when: `for the ${amounts} on the DEX`, ...unwindOf(pairs) };
    case 'deployed':
      return `${amounts} booked as deployed: no command of tv corrects the book; until that is done the vault does not pay it out`;
  }
}

/** An unwind of these pairs, as it can be pasted. */
export function unwindOf(pairs: readonly Pair[]): { readonly tv: readonly string[] } {
  const names = pairs.length === 0 ? ['PAIR'] : pairs.map(({ name, id }) => name ?? id);
  return { tv: ['emergency', 'unwind', ...names.flatMap((name) => ['--pair', name])] };
}
