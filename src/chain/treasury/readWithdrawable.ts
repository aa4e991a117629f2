import { decodeErrorResult, encodeFunctionData, maxUint256 } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { errorsAbi } from '../abi/errors.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { describeRpcError } from '../describeRpcError.ts';
import { readHead } from '../readHead.ts';
import { rpcFailure } from '../rpcFailure.ts';
import type { Call } from '../transactions/transaction.ts';
import { readPlaces } from './readPlaces.ts';

export interface ReadWithdrawableParameters {
  readonly vault: Address;
  readonly token: Address;
  /** One who may withdraw. */
  readonly from: Address;
  readonly recipient: Address;
  /** What has to come first, such as the end of the pause. */
  readonly first?: (Call & { readonly from: Address }) | undefined;
  /** Seconds from the newest block on for which the answer has to hold. */
  readonly holdsFor: number;
}

/**
 * The most that the vault lets go of, in the token's smallest unit: book − deployed − both fees. The
 * management fee accrues with every second, and `withdraw` accrues it before it looks, so the vault
 * itself is asked, as of a moment ahead: a withdrawal of everything is tried, and the refusal names
 * what there is.
 * @throws TvError where no node answers
 */
export async function readWithdrawable(
  chain: Chain,
  parameters: ReadWithdrawableParameters,
): Promise<bigint> {
  const { vault, token, from, recipient, first, holdsFor } = parameters;
  const data = encodeFunctionData({
    abi: treasuryVaultAbi,
    functionName: 'withdraw',
    args: [token, maxUint256, recipient],
  });
  const calls = [...(first === undefined ? [] : [first]), { from, to: vault, data }].map((call) => ({
    from: call.from,
    to: call.to,
    data: call.data,
  }));
  const { timestamp } = await readHead(chain);
  try {
    const answer: unknown = await chain.client.request({
      method: 'eth_simulateV1',
      params: [
        {
          blockStateCalls: [{ blockOverrides: { time: `0x${(timestamp + holdsFor).toString(16)}` }, calls }],
          validation: false,
        },
        'latest',
      ],
    } as never);
    const available = availableIn(answer);
    if (available !== undefined) return available;
  } catch (error) {
    if (!['unsupported', 'rejected', 'reverted', 'failed'].includes(rpcFailure(error).kind)) {
      throw describeRpcError(error, chain);
    }
  }
  return fromBook(chain, token);
}

function availableIn(answer: unknown): bigint | undefined {
  const [block]: unknown[] = Array.isArray(answer) ? answer : [];
  const calls: unknown =
    typeof block === 'object' && block !== null ? Reflect.get(block, 'calls') : undefined;
  const last: unknown = Array.isArray(calls) ? calls.at(-1) : undefined;
  if (typeof last !== 'object' || last === null) return undefined;
  const error: unknown = Reflect.get(last, 'error');
  const inError: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'data') : undefined;
  for (const data of [Reflect.get(last, 'returnData'), inError]) {
    try {
      const { errorName, args } = decodeErrorResult({ abi: errorsAbi, data: data as `0x${string}` });
      if (errorName === 'InsufficientBalance') return args[0];
    } catch {
      // Not an error of the protocol: nodes put the reason in either place.
    }
  }
  return undefined;
}

/** Without `eth_simulateV1`: from the book, less a day's management fee at 2 % a year. */
async function fromBook(chain: Chain, token: Address): Promise<bigint> {
  const { book, deployed, fees } = await readPlaces(chain, { token });
  const margin = (BigInt(book) * 2n) / (100n * 365n) + 1n;
  const free = BigInt(book) - BigInt(deployed) - BigInt(fees) - margin;
  return free > 0n ? free : 0n;
}
