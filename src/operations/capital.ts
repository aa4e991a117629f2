import { dexStrategyAbi } from '../chain/abi/dexStrategy.ts';
import { tokenAbi } from '../chain/abi/token.ts';
import { informational } from '../chain/informational.ts';
import type { Deployment } from '../chain/intents/readDeployment.ts';
import { hasFunction } from '../chain/intents/resolveIntent.ts';
import type { Pair } from '../chain/pairs/pair.ts';
import { formatAmount } from '../chain/treasury/amount.ts';
import { readToken, type Token } from '../chain/treasury/findToken.ts';
import {
  inBook,
  type RestingOrder,
  type RestingOrders,
  readGone,
  readListedOrders,
  readRestingOrders,
} from '../chain/treasury/readOrders.ts';
import { type Places, readPlaces } from '../chain/treasury/readPlaces.ts';
import { tryRead } from '../chain/tryRead.ts';
import type { Address } from '../config/settings.ts';
import type { Advice } from '../errors/advice.ts';
import type { Answer } from '../errors/answer.ts';
import type { Chain } from '../runbook/context.ts';

/** The tokens that the strategy has for a pair: `none` where it does not know the pair. */
export type PairTokens = { readonly tokens: readonly Address[] } | 'none';

/** A pair's own side: what the strategy says about it. */
export interface PairState {
  readonly tokens: Answer<PairTokens>;
  readonly listed: Answer<readonly bigint[]>;
  /** Of the list, those that are not on the DEX any more. */
  readonly gone: Answer<readonly bigint[]>;
}

export interface Orders {
  /** In the order of the pairs. */
  readonly pairs: readonly PairState[];
  /** All of the strategy's, of whatever pair. */
  readonly resting: Answer<RestingOrders>;
}

const zero = '0x0000000000000000000000000000000000000000';

/** What is known of the pairs' orders. Every part of it may be unknown by itself. */
export async function readOrders(
  chain: Chain,
  pairs: readonly Pair[],
  deployment: Pick<Deployment, 'code'>,
): Promise<Orders> {
  const code = deployment.code.dexStrategy;
  const states = await Promise.all(
    pairs.map(async ({ id }): Promise<PairState> => {
      const [tokens, listed] = await Promise.all([
        informational(readConfig(chain, id)),
        informational(readListedOrders(chain, id, code)),
      ]);
      const list = listed.known ? listed.value : listed;
      const gone = list.known ? await informational(readGone(chain, list.value)) : list;
      return { tokens, listed: list, gone };
    }),
  );
  const also = states.flatMap(({ listed }) => (listed.known ? listed.value : []));
  return { pairs: states, resting: await informational(readRestingOrders(chain, also)) };
}

async function readConfig(chain: Chain, pair: `0x${string}`): Promise<PairTokens> {
  const { dexStrategy: address } = chain.contracts;
  const config =
    address === undefined
      ? undefined
      : await tryRead<readonly [Address, Address, ...unknown[]]>(chain, {
          address,
          abi: dexStrategyAbi,
          functionName: 'pairConfigs',
          args: [pair],
        });
  if (config === undefined) return { tokens: [] };
  if (config[0] === zero) return 'none';
  // Bids lock the quote token of the book, which the configuration need not name.
  const quote = await tryRead<Address>(chain, {
    address: config[0],
    abi: tokenAbi,
    functionName: 'quoteToken',
  });
  return { tokens: [config[0], config[1], ...(quote === undefined || quote === zero ? [] : [quote])] };
}

export interface Capital {
  readonly tokens: readonly { readonly token: Token; readonly places: Places }[];
  /** Why some of it is not known; null where all is. */
  readonly unknown: string | null;
}

/** Where the capital of some tokens is; a token that cannot be read does not hide the others. */
export async function readCapital(
  chain: Chain,
  addresses: readonly Address[],
  recipient?: Address | undefined,
): Promise<Capital> {
  const unique = [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
  const read = await Promise.all(
    unique.map(async (address) => ({
      address,
      found: await informational(
        (async () => ({
          token: await readToken(chain, address),
          places: await readPlaces(chain, { token: address, recipient }),
        }))(),
      ),
    })),
  );
  const failed = read.flatMap(({ address, found }) => (found.known ? [] : [`${address}: ${found.reason}`]));
  return {
    tokens: read.flatMap(({ found }) => (found.known ? [found.value] : [])),
    unknown: failed.length === 0 ? null : failed.join('; '),
  };
}

/** Every token that a pair may have locked something of: the configured ones, and those of its orders. */
export function tokensOf({ tokens }: PairState, resting: readonly RestingOrder[]): readonly Address[] {
  const own = tokens.known && tokens.value !== 'none' ? tokens.value.tokens : [];
  return [...own, ...inBook(own[0] ?? null, resting).map(({ token }) => token)];
}

/** What a STRATEGIST can do about an order that is in the list and not on the DEX. */
export function listRemedy(deployment: Pick<Deployment, 'code'>): readonly Advice[] {
  const replaces = 'deployLiquidity(bytes32,uint128,uint128,int16)';
  return hasFunction(deployment.code.dexStrategy, replaces)
    ? [
        `a STRATEGIST can replace the list with DexStrategy.${replaces}; orders of the old list stay on the DEX`,
      ]
    : ['have a STRATEGIST take these orders off the list; until then this pair cannot be unwound'];
}

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
function expectedHoldings({ book, deployed, fees }: Pick<Places, 'book' | 'deployed' | 'fees'>): bigint {
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
