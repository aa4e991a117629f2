import { toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { count } from '../../text/format.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { stablecoinDexAbi } from '../abi/stablecoinDex.ts';
import { hasFunction } from '../intents/resolveIntent.ts';
import { newestLogs } from '../newestLogs.ts';
import { parseHex } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { hasMulticall, readMany } from '../readMany.ts';
import { sameAddress } from '../sameAddress.ts';
import { tryRead } from '../tryRead.ts';
import { formatAmount } from './amount.ts';
import type { Token } from './findToken.ts';

/** Tempo's predeploy, where the strategy does not name its DEX. */
const predeploy: Address = '0xdec0000000000000000000000000000000000000';
/** Prices on the DEX are multiples of 1/100 000: `PRICE_SCALE` of the predeploy. */
const priceScale = 100_000n;
/** The list is read in pieces of this many where it can only be read one by one. */
const listPiece = 25;
/** The full build keeps at most 20 orders a pair. */
const longestList = 1_000;
/** Orders looked up on the DEX, the newest first. */
const mostOrders = 5_000;
/** Where each takes a call of its own. */
const mostOneByOne = 500;
/** Of the reading of the DEX's events, in milliseconds: it never holds up an emergency. */
const logsLimitMs = 8_000;

/** An order that rests on the DEX with the strategy as its maker. Plain data: amounts in decimal. */
export type RestingOrder = {
  readonly id: string;
  /** The book: its base token and its quote token. */
  readonly base: Address;
  readonly quote: Address;
  readonly isBid: boolean;
  /** What it locks, and how much of it in the token's smallest unit. */
  readonly token: Address;
  readonly locked: string;
};

export type RestingOrders = {
  readonly orders: readonly RestingOrder[];
  /** Why there may be more; null where that is all. */
  readonly unknown: string | null;
};

/** The DEX of the strategy. @throws TvError where no node answers */
async function readDex(chain: Chain): Promise<Address> {
  const { dexStrategy: address } = chain.contracts;
  if (address === undefined) return predeploy;
  const named = await tryRead<Address>(chain, { address, abi: dexStrategyAbi, functionName: 'dex' });
  return named ?? predeploy;
}

/**
 * What the strategy believes its orders of a pair to be. A hint: other orders of it may rest on the DEX, and
 * those of the list may be gone from there.
 * @param code the strategy's bytecode: both an empty list and a missing function revert
 * @throws TvError where no node answers
 */
export async function readListedOrders(
  chain: Chain,
  pair: `0x${string}`,
  code: `0x${string}`,
): Promise<Answer<readonly bigint[]>> {
  const { dexStrategy: address } = chain.contracts;
  if (address === undefined) return unknown('the address of DexStrategy is not set');
  const contract = { address, abi: dexStrategyAbi };
  const list = await tryRead<readonly bigint[]>(chain, {
    ...contract,
    functionName: 'getActiveOrders',
    args: [pair],
  });
  if (list !== undefined) return known(list);
  if (!hasFunction(code, 'activeOrderIds(bytes32,uint256)')) {
    return unknown('this strategy returns no list of its orders');
  }
  const orders: bigint[] = [];
  while (orders.length < longestList) {
    const piece = await Promise.all(
      Array.from({ length: listPiece }, (_, index) =>
        tryRead<bigint>(chain, {
          ...contract,
          functionName: 'activeOrderIds',
          args: [pair, BigInt(orders.length + index)],
        }),
      ),
    );
    const end = piece.indexOf(undefined);
    orders.push(...(end === -1 ? piece : piece.slice(0, end)).filter((id) => id !== undefined));
    if (end !== -1) return known(orders);
  }
  return unknown(`the strategy's list has more than ${count(longestList)} orders`);
}

/**
 * The orders of which the strategy is the maker, as the DEX has them: those that its events name, and those
 * that are known from elsewhere.
 * @param also ids from the strategy's own lists
 * @throws TvError where no node answers
 */
export async function readRestingOrders(chain: Chain, also: readonly bigint[]): Promise<RestingOrders> {
  const { dexStrategy: maker } = chain.contracts;
  if (maker === undefined) return { orders: [], unknown: 'the address of DexStrategy is not set' };
  const dex = await readDex(chain);
  const placed = await readPlaced(chain, dex, maker);
  const byId = placed.unknown === null ? undefined : await readNewestIds(chain, dex);
  const ids = [...new Set([...also, ...placed.ids, ...(byId?.ids ?? [])])].sort((a, b) => (a < b ? 1 : -1));
  const newest = ids.slice(0, mostOrders);
  const left = ids.length - newest.length;
  const found = await readMany<DexOrder>(
    chain,
    newest.map((id) => ({ address: dex, abi: stablecoinDexAbi, functionName: 'getOrder', args: [id] })),
  );
  const own = found.filter(
    (order) =>
      order !== undefined && order.maker.toLowerCase() === maker.toLowerCase() && order.remaining > 0n,
  ) as readonly DexOrder[];
  const books = await readBooks(chain, dex, [...new Set(own.map(({ bookKey }) => bookKey))]);
  return {
    orders: own.map((order) => resting(order, books)),
    unknown:
      left > 0
        ? `${count(left)} older orders were not looked up`
        : byId?.older === 0
          ? null
          : joined(placed.unknown, byId),
  };
}

function joined(unread: string | null, byId: NewestIds | undefined): string | null {
  if (unread === null || byId === undefined) return unread;
  return `${unread}; of all orders on the DEX ${count(byId.older)} older ones were not looked up`;
}

interface NewestIds {
  readonly ids: readonly bigint[];
  /** How many orders before them were not looked up. */
  readonly older: number;
}

/**
 * The newest ids that the DEX has given, whoever made the orders: they are consecutive, so where the events
 * cannot be believed each order is looked up. Undefined where the DEX does not return the next one.
 */
async function readNewestIds(chain: Chain, address: Address): Promise<NewestIds | undefined> {
  const call = { address, abi: stablecoinDexAbi, functionName: 'nextOrderId' };
  const [next, many] = await Promise.all([tryRead<bigint>(chain, call), hasMulticall(chain)]);
  if (next === undefined || next === 0n) return undefined;
  const last = next - 1n;
  const most = BigInt(many ? mostOrders : mostOneByOne);
  const total = Number(last < most ? last : most);
  return {
    ids: Array.from({ length: total }, (_, index) => last - BigInt(index)),
    older: Number(last) - total,
  };
}

/** The orders in the book of a base token. */
export function inBook(base: Address | null, orders: readonly RestingOrder[]): readonly RestingOrder[] {
  return base === null ? [] : orders.filter((order) => sameAddress(order.base, base));
}

/** What the orders lock of one token. */
export function lockedIn(orders: readonly RestingOrder[], token: Address): bigint {
  return orders
    .filter((order) => sameAddress(order.token, token))
    .reduce((sum, { locked }) => sum + BigInt(locked), 0n);
}

/** `3 orders, 250 AlphaUSD and 90 pathUSD` */
export function describeOrders(orders: readonly RestingOrder[], tokens: readonly Token[]): string {
  const addresses = [...new Map(orders.map(({ token }) => [token.toLowerCase(), token])).values()];
  const amounts = addresses.map((address) => {
    const token = tokens.find((one) => sameAddress(one.address, address));
    const locked = lockedIn(orders, address);
    return token === undefined ? `${locked} units of ${address}` : formatAmount(locked, token);
  });
  return `${orders.length} ${orders.length === 1 ? 'order' : 'orders'}, ${amounts.join(' and ')}`;
}

/** Whether an order is on the DEX, whoever made it. @throws TvError where no node answers */
export async function readGone(chain: Chain, ids: readonly bigint[]): Promise<readonly bigint[]> {
  const address = await readDex(chain);
  const found = await readMany<DexOrder>(
    chain,
    ids.map((id) => ({ address, abi: stablecoinDexAbi, functionName: 'getOrder', args: [id] })),
  );
  return ids.filter((_, index) => found[index] === undefined);
}

interface DexOrder {
  readonly orderId: bigint;
  readonly maker: Address;
  readonly bookKey: `0x${string}`;
  readonly isBid: boolean;
  readonly tick: number;
  readonly remaining: bigint;
}

interface Book {
  readonly base: Address;
  readonly quote: Address;
}

/** A bid locks the quote token for what is left of it at its price, rounded up; an ask locks the base token. */
function resting(
  { orderId, bookKey, isBid, tick, remaining }: DexOrder,
  books: ReadonlyMap<string, Book>,
): RestingOrder {
  const { base, quote } = books.get(bookKey) ?? unreadableBook(bookKey);
  const price = priceScale + BigInt(tick);
  const locked = isBid ? (remaining * price + priceScale - 1n) / priceScale : remaining;
  return { id: `${orderId}`, base, quote, isBid, token: isBid ? quote : base, locked: `${locked}` };
}

function unreadableBook(bookKey: string): never {
  throw new TvError('chain.contract-mismatch', 'The DEX does not return the tokens of a book.', {
    facts: { book: bookKey },
  });
}

async function readBooks(
  chain: Chain,
  address: Address,
  keys: readonly `0x${string}`[],
): Promise<ReadonlyMap<string, Book>> {
  const books = await readMany<Book>(
    chain,
    keys.map((key) => ({ address, abi: stablecoinDexAbi, functionName: 'books', args: [key] })),
  );
  return new Map(keys.flatMap((key, index) => (books[index] === undefined ? [] : [[key, books[index]]])));
}

const topics = stablecoinDexAbi
  .filter((item) => item.type === 'event')
  .map((event) => toEventSelector(event));

/** The ids of all orders that the strategy ever placed, as far as the DEX's events can be read. */
async function readPlaced(
  chain: Chain,
  dex: Address,
  maker: Address,
): Promise<{ readonly ids: readonly bigint[]; readonly unknown: string | null }> {
  const { number: head } = await readHead(chain);
  const { logs, since, unknown } = await newestLogs(chain, {
    address: dex,
    topics: [topics, null, `0x${maker.slice(2).toLowerCase().padStart(64, '0')}`],
    fromBlock: 0,
    toBlock: head,
    firstWidth: head + 1,
    limitMs: logsLimitMs,
  });
  const ids = logs.map(({ topics: words }) =>
    BigInt(parseHex(Array.isArray(words) ? words[1] : undefined, 'topic', 32)),
  );
  if (unknown === undefined) return { ids, unknown: null };
  if (since === null && logs.length > 0) return { ids, unknown: `the events of the DEX: ${unknown}` };
  const before = since === null ? '' : ` before block ${count(since)}`;
  return { ids, unknown: `the events of the DEX${before} could not be read: ${unknown}` };
}
