import { parseAbi } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseQuantity } from '../parseAnswer.ts';
import { mustRead, type ReadCall } from '../tryRead.ts';

/** Tempo's predeploy with the nonces of all lines but the ordinary one (viem/tempo, Addresses). */
const nonceManager = '0x4e4F4E4345000000000000000000000000000000';
const nonceAbi = parseAbi([
  'function getNonce(address account, uint256 nonceKey) view returns (uint64 nonce)',
]);

export interface NonceState {
  /** Transactions in blocks: the nonce that the next one must have. */
  readonly latest: number;
  /** Pending ones are counted too. */
  readonly pending: number;
}

/** An account's ordinary nonce line. @throws TvError where no node answers */
export async function readNonce(chain: Chain, account: Address): Promise<NonceState> {
  const ask = (block: 'latest' | 'pending') =>
    chain.client.request({ method: 'eth_getTransactionCount', params: [account, block] });
  const counts = await described(chain, Promise.all([ask('latest'), ask('pending')]));
  const [latest = 0, pending = 0] = counts.map((one) => parseQuantity(one, 'transaction count'));
  // A block may come between the answers, or another node give one of them.
  return { latest, pending: Math.max(latest, pending) };
}

/**
 * How many transactions of a nonce line are in blocks.
 * @param key in decimal; `0` is the ordinary line
 * @throws TvError where that is unknown
 */
export async function readUsedNonce(
  chain: Chain,
  { account, key }: { readonly account: Address; readonly key: string },
): Promise<number> {
  if (key === '0') return (await readNonce(chain, account)).latest;
  const call: ReadCall = {
    address: nonceManager,
    abi: nonceAbi,
    functionName: 'getNonce',
    args: [account, BigInt(key)],
  };
  return Number(await mustRead<bigint>(chain, call, 'The nonce manager'));
}
