import type { Address } from '../../config/settings.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { informational } from '../informational.ts';
import type { Pair } from '../pairs/pair.ts';
import { sameAddress } from '../sameAddress.ts';
import { readToken, readTokensOfPairs } from './findToken.ts';
import {
  describeOrders,
  inBook,
  type RestingOrder,
  readListedOrders,
  readRestingOrders,
} from './readOrders.ts';

/** Of more pairs the strategy's lists are not read: the events of the DEX name the same orders. */
const mostLists = 20;

/** What of the strategy rests on the DEX in the books of some pairs. Plain data: it goes into the journal. */
export type Resting = {
  /** Those with orders: `2 orders, 300 AlphaUSD`. Null: in the books of none of the pairs. */
  readonly pairs: readonly { readonly pair: Pair | null; readonly orders: string }[];
  /** Why there may be more; null where that is all. */
  readonly unknown: string | null;
};

export interface ReadRestingParameters {
  readonly pairs: readonly Pair[];
  /** Also those in the books of none of the pairs. */
  readonly all: boolean;
  /** The strategy's bytecode, for the list of a build that has it as a public getter; default: without it. */
  readonly code?: `0x${string}` | undefined;
  /** Of all of it, in milliseconds: it is information, and holds up nothing. */
  readonly limitMs: number;
}

/**
 * What the orders of which the strategy is the maker lock, by pair and token: the events of the DEX and the
 * strategy's own list name them, and the DEX says what is left of each.
 * @returns never rejects
 */
export function readResting(chain: Chain, parameters: ReadRestingParameters): Promise<Answer<Resting>> {
  return informational(read(chain, parameters), parameters.limitMs);
}

async function read(chain: Chain, { pairs, all, code = '0x' }: ReadRestingParameters): Promise<Resting> {
  const [bases, lists] = await Promise.all([
    readTokensOfPairs(
      chain,
      pairs.map(({ id }) => id),
    ),
    Promise.all(
      (pairs.length > mostLists ? [] : pairs).map(({ id }) => answer(readListedOrders(chain, id, code))),
    ),
  ]);
  const listed = lists.flatMap((list) => (list.known && list.value.known ? list.value.value : []));
  const { orders, unknown } = await readRestingOrders(chain, listed);
  const books: { readonly pair: Pair | null; readonly own: readonly RestingOrder[] }[] = pairs.map(
    (pair, index) => ({ pair, own: inBook(bases[index]?.[0] ?? null, orders) }),
  );
  if (all) {
    const found = books.flatMap(({ own }) => own);
    books.push({ pair: null, own: orders.filter((order) => !found.includes(order)) });
  }
  const tokens = await readTokens(
    chain,
    books.flatMap(({ own }) => own),
  );
  const bookless = pairs.filter((_, index) => bases[index]?.length === 0);
  const reasons = [
    ...(unknown === null ? [] : [unknown]),
    ...(bookless.length === 0 ? [] : ['the strategy does not return the tokens of a pair']),
  ];
  return {
    pairs: books.flatMap(({ pair, own }) =>
      own.length === 0 ? [] : [{ pair, orders: describeOrders(own, tokens) }],
    ),
    unknown: reasons.length === 0 ? null : reasons.join('; '),
  };
}

async function readTokens(chain: Chain, orders: readonly RestingOrder[]) {
  const unique = orders
    .map(({ token }) => token)
    .filter((token, index, all) => all.findIndex((other: Address) => sameAddress(token, other)) === index);
  const tokens = await Promise.all(unique.map((token) => answer(readToken(chain, token))));
  // One without a name is named by its address.
  return tokens.flatMap((token) => (token.known ? [token.value] : []));
}
