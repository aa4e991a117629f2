import { formatUnits, parseAbi } from 'viem';
import type { Address } from '../../config/settings.ts';
import { TvError, UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { count } from '../../text/format.ts';
import { tokenAbi } from '../abi/token.ts';
import { described } from '../describeRpcError.ts';
import { parseWei } from '../parseAnswer.ts';
import { tryRead } from '../tryRead.ts';
import { feeManager, readNetwork } from './readNetwork.ts';
import type { Network } from './transaction.ts';

/** pathUSD, AlphaUSD, BetaUSD, ThetaUSD: Tempo's predeploys. */
const wellKnown: readonly Address[] = [0, 1, 2, 3].map(
  (index) => `0x20c000000000000000000000000000000000000${index}` as const,
);
const zero = '0x0000000000000000000000000000000000000000';
const feeManagerAbi = parseAbi(['function userTokens(address user) view returns (address)']);
/** Gas prices are per 10^18 of a dollar; fee tokens have 6 decimals. */
const priceUnitsPerTokenUnit = 10n ** 12n;

export interface Funds {
  readonly network: Network;
  /** The token that will pay; undefined where that is the native one. */
  readonly feeToken: Address | undefined;
  readonly symbol: string;
  readonly decimals: number;
  /** In the smallest unit. */
  readonly balance: bigint;
}

/**
 * What an account can pay fees with, for a transaction of tv's own, which names the token. What an account
 * pays with when another program signs for it is another question: `readPayer`. On Tempo its preferred token, else the first of the well-known
 * ones with enough in it, else the one with most; `eth_getBalance` says nothing there.
 * @param needed in the smallest unit
 * @throws TvError where no node answers
 */
export async function readFunds(
  chain: Chain,
  { account, needed }: { readonly account: Address; readonly needed: bigint },
): Promise<Funds> {
  return (await readWallet(chain, account))(needed);
}

/**
 * The same, where what is needed is known only later: the choice is a function of it.
 * @throws TvError where no node answers
 */
export async function readWallet(chain: Chain, account: Address): Promise<(needed: bigint) => Funds> {
  if ((await readNetwork(chain)) === 'plain') {
    const request = chain.client.request({ method: 'eth_getBalance', params: [account, 'latest'] });
    const balance = parseWei(await described(chain, request), 'balance');
    const funds: Funds = { network: 'plain', feeToken: undefined, symbol: 'ether', decimals: 18, balance };
    return () => funds;
  }
  const [preferred, ...balances] = await Promise.all([
    readUserToken(chain, account),
    ...wellKnown.map((token) => readToken(chain, token, account)),
  ]);
  const own =
    preferred === undefined ||
    preferred === zero ||
    wellKnown.some((token) => token === preferred.toLowerCase())
      ? undefined
      : await readToken(chain, preferred, account);
  const isPreferred = (funds: Funds) => funds.feeToken === preferred?.toLowerCase();
  const all = [own, ...balances].filter((funds) => funds !== undefined);
  const ordered = [...all.filter(isPreferred), ...all.filter((funds) => !isPreferred(funds))];
  const most = ordered.toSorted((a, b) => (a.balance < b.balance ? 1 : -1))[0];
  if (most === undefined) {
    throw new UnavailableError('chain.malformed-answer', 'No fee token returns a balance.', {
      facts: { account, tokens: wellKnown.join(', ') },
      next: [{ when: 'check the RPC URLs', tv: ['config', 'show'] }],
    });
  }
  return (needed) => ordered.find(({ balance }) => balance >= needed) ?? most;
}

/** As the fee manager has it: the zero address where the account prefers none, undefined without an answer. */
function readUserToken(chain: Chain, account: Address): Promise<Address | undefined> {
  return tryRead<Address>(chain, {
    address: feeManager,
    abi: feeManagerAbi,
    functionName: 'userTokens',
    args: [account],
  });
}

export interface Payer extends Funds {
  /** What says that this token pays; `native` on a chain with a native token. */
  readonly by: 'receipts' | 'settings' | 'preference' | 'default' | 'native';
}

/**
 * What an account pays fees with when its own program signs: what paid for its last transaction, else the
 * token that its program is set to name, else its preference in the fee manager, else the chain's default
 * (pathUSD; anvil 1.7.1 and the fee specification agree on it).
 * @param paidWith of its newest receipts; undefined where there are none
 * @param named in the program's settings; null where it names none
 * @throws TvError where the token or the preference cannot be read
 */
export async function readPayer(
  chain: Chain,
  parameters: {
    readonly account: Address;
    readonly paidWith: Address | undefined;
    readonly named: Address | null;
  },
): Promise<Payer> {
  const { account, paidWith, named } = parameters;
  if ((await readNetwork(chain)) === 'plain') {
    return { ...(await readFunds(chain, { account, needed: 0n })), by: 'native' };
  }
  const [token, by] = await chosenToken(chain, account, paidWith, named);
  const funds = await readToken(chain, token, account);
  if (funds === undefined) {
    throw new TvError('chain.malformed-answer', 'The fee token did not return a balance.', {
      facts: { token, account },
    });
  }
  return { ...funds, by };
}

async function chosenToken(
  chain: Chain,
  account: Address,
  paidWith: Address | undefined,
  named: Address | null,
): Promise<readonly [Address, Payer['by']]> {
  if (paidWith !== undefined) return [paidWith, 'receipts'];
  if (named !== null) return [named, 'settings'];
  const preferred = await readUserToken(chain, account);
  if (preferred === undefined) {
    throw new TvError('chain.malformed-answer', "The fee manager did not return the account's fee token.", {
      facts: { account },
    });
  }
  const [first = zero] = wellKnown;
  return preferred === zero ? [first, 'default'] : [preferred, 'preference'];
}

/** What an account has of a token; undefined where there is no token at the address. @throws where no node answers */
export async function readToken(chain: Chain, token: Address, account: Address): Promise<Funds | undefined> {
  const contract = { address: token, abi: tokenAbi };
  const [balance, symbol, decimals] = await Promise.all([
    tryRead<bigint>(chain, { ...contract, functionName: 'balanceOf', args: [account] }),
    tryRead<string>(chain, { ...contract, functionName: 'symbol' }),
    tryRead<number>(chain, { ...contract, functionName: 'decimals' }),
  ]);
  if (balance === undefined) return undefined;
  const feeToken = token.toLowerCase() as Address;
  return { network: 'tempo', feeToken, symbol: symbol ?? 'token', decimals: decimals ?? 6, balance };
}

/** A fee in the smallest unit of what pays it. */
export function feeOf(network: Network, gas: bigint, price: bigint): bigint {
  if (network === 'plain') return gas * price;
  return (gas * price + priceUnitsPerTokenUnit - 1n) / priceUnitsPerTokenUnit;
}

/** `0.0012 ether`, `0.002460 pathUSD`: at most six digits after the point, rounded up. */
export function formatFunds(
  amount: bigint,
  { symbol, decimals }: Pick<Funds, 'symbol' | 'decimals'>,
): string {
  const digits = Math.min(6, decimals);
  const cut = 10n ** BigInt(decimals - digits);
  const [whole = '0', fraction] = formatUnits((amount + cut - 1n) / cut, digits).split('.');
  return `${count(BigInt(whole))}${fraction === undefined ? '' : `.${fraction}`} ${symbol}`;
}

/** How amounts of a fee token are written. */
export async function readFeeUnit(
  chain: Chain,
  feeToken: Address | null,
): Promise<Pick<Funds, 'network' | 'symbol' | 'decimals'>> {
  if ((await readNetwork(chain)) === 'plain') return { network: 'plain', symbol: 'ether', decimals: 18 };
  if (feeToken === null) return { network: 'tempo', symbol: 'of the fee token', decimals: 6 };
  const contract = { address: feeToken, abi: tokenAbi };
  const [symbol, decimals] = await Promise.all([
    tryRead<string>(chain, { ...contract, functionName: 'symbol' }),
    tryRead<number>(chain, { ...contract, functionName: 'decimals' }),
  ]);
  return { network: 'tempo', symbol: symbol ?? 'of the fee token', decimals: decimals ?? 6 };
}
