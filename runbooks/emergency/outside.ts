import { formatAmount } from '../../src/chain/treasury/amount.ts';
import type { Token } from '../../src/chain/treasury/findToken.ts';
import type { Places } from '../../src/chain/treasury/readPlaces.ts';
import type { Finding } from '../../src/runbook/check.ts';
import { pass, warn } from '../../src/runbook/lookout.ts';

/** What of the treasury is not in the vault, and what of it the vault will not let go of. */
export function outside(tokens: readonly { readonly token: Token; readonly places: Places }[]): Finding {
  const facts: Record<string, string> = {};
  for (const { token, places } of tokens) {
    const shown = (value: string) => formatAmount(BigInt(value), token);
    if (places.strategy !== '0')
      facts[`in the strategy`] = join(facts['in the strategy'], shown(places.strategy));
    if (places.dex !== '0') facts['on the DEX'] = join(facts['on the DEX'], shown(places.dex));
    // An unwind brings tokens back without a word to the book (deployment-facts, section 2).
    if (places.deployed !== '0') {
      facts['booked as deployed'] = join(facts['booked as deployed'], shown(places.deployed));
    }
  }
  if (Object.keys(facts).length === 0) return pass('nothing is left outside the vault');
  return warn('not everything is free in the vault', { facts });
}

function join(before: string | undefined, more: string): string {
  return before === undefined ? more : `${before}, ${more}`;
}
