import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import type { Places } from '../../../src/chain/treasury/readPlaces.ts';

/** Where the deployed capital of one token is, in its smallest unit. */
export interface Account {
  /** By the vault's book, before the unwind. */
  readonly deployed: bigint;
  /** By the logs in the receipts of this run. */
  readonly returned: bigint;
  /** What the vault held before beyond what its book expected: returned by earlier unwinds that left the book as it was. */
  readonly beyondBook: bigint;
  readonly strategy: bigint;
  /** On the DEX, outside of orders. */
  readonly dex: bigint;
  /** Locked in orders of which the strategy is the maker. */
  readonly resting: bigint;
  /** Deployed, and in none of these places. Negative: there is more than was deployed. */
  readonly unaccounted: bigint;
}

export interface AccountParameters {
  readonly before: Places;
  readonly now: Pick<Places, 'strategy' | 'dex'>;
  readonly returned: bigint;
  readonly resting: bigint;
}

export function accountFor({ before, now, returned, resting }: AccountParameters): Account {
  const deployed = BigInt(before.deployed);
  const surplus = BigInt(before.vault) - expectedHoldings(before);
  const beyondBook = surplus <= 0n ? 0n : surplus < deployed ? surplus : deployed;
  const [strategy, dex] = [BigInt(now.strategy), BigInt(now.dex)];
  const unaccounted = deployed - returned - beyondBook - strategy - dex - resting;
  return { deployed, returned, beyondBook, strategy, dex, resting, unaccounted };
}

/** What the vault's own consistency check wants it to hold: the book less what is deployed, and both fees. */
export function expectedHoldings({
  book,
  deployed,
  fees,
}: Pick<Places, 'book' | 'deployed' | 'fees'>): bigint {
  return BigInt(book) - BigInt(deployed) + BigInt(fees);
}

/** `400 deployed = 300 returned + 100 in the strategy` */
export function describeAccount(account: Account, token: Token): string {
  const shown = (amount: bigint) => formatAmount(amount, token).replace(` ${token.symbol}`, '');
  const parts = (
    [
      [account.returned, 'returned'],
      [account.beyondBook, 'in the vault beyond its book'],
      [account.strategy, 'in the strategy'],
      [account.dex, 'on the DEX'],
      [account.resting, 'in resting orders'],
      [account.unaccounted > 0n ? account.unaccounted : 0n, 'UNACCOUNTED FOR'],
    ] as const
  ).filter(([amount]) => amount !== 0n);
  const sum =
    parts.length === 0 ? '0' : parts.map(([amount, where]) => `${shown(amount)} ${where}`).join(' + ');
  const more = account.unaccounted < 0n ? `, ${shown(-account.unaccounted)} more than was deployed` : '';
  return `${shown(account.deployed)} deployed = ${sum}${more}`;
}
