import { formatUnits, parseAbi } from 'viem';
import type { Address } from '../../config/settings.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { count } from '../../runbook/text.ts';
import { tokenAbi } from '../abi/token.ts';
import { described } from '../describeRpcError.ts';
import { parseWei } from '../parseAnswer.ts';
import { tryRead } from '../tryRead.ts';
import { feeManager, readNetwork } from './readNetwork.ts';
import type { Network } from './transaction.ts';

/** pathUSD, AlphaUSD, BetaUSD, ThetaUSD (deployment-facts, section 1). */
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
 * What an account can pay fees with. On Tempo its preferred token, else the first of the well-known
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
    tryRead<Address>(chain, {
      address: feeManager,
      abi: feeManagerAbi,
      functionName: 'userTokens',
      args: [account],
    }),
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
    throw new UnavailableError('No fee token returns a balance.', {
      facts: { account, tokens: wellKnown.join(', ') },
      next: ['check the RPC URLs: tv config show'],
    });
  }
  return (needed) => ordered.find(({ balance }) => balance >= needed) ?? most;
}

async function readToken(chain: Chain, token: Address, account: Address): Promise<Funds | undefined> {
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
