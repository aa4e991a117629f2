import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem';
import type { Address } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import { assertEcho, isZero } from './assertEcho.ts';
import { describeRpcError } from './describeRpcError.ts';
import { parseHex } from './parseAnswer.ts';
import { rpcFailure } from './rpcFailure.ts';

export interface ReadCall {
  readonly address: Address;
  readonly abi: Abi | readonly unknown[];
  readonly functionName: string;
  readonly args?: readonly unknown[];
}

/**
 * Calls a function that may not be there. Calls of one turn go out as one batch.
 * @returns undefined only where the chain said so: the call reverted, or returned something that is
 * not this function's result (no such function, or no contract). That is no "no" of the function.
 * @throws TvError where the answer is unknown: no node answered, a node reported any other error, or it
 * returns zeros for whatever it is asked
 */
export async function tryRead<T>(chain: Chain, call: ReadCall): Promise<T | undefined> {
  const { address, functionName, args = [] } = call;
  const abi = call.abi as Abi;
  let answer: unknown;
  try {
    answer = await chain.client.request({
      method: 'eth_call',
      params: [{ to: address, data: encodeFunctionData({ abi, functionName, args }) }, 'latest'],
    });
  } catch (error) {
    if (rpcFailure(error).kind === 'reverted') return undefined;
    throw describeRpcError(error, chain);
  }
  const data = parseHex(answer, `result of ${functionName}`);
  if (isZero(data)) await assertEcho(chain);
  return decode<T>(abi, functionName, data);
}

/** Of a symbol or name on the chain, in characters: what a cell of a table takes. */
const longestName = 48;

/**
 * Calls a function that the contract is known to have.
 * @param source what the contract is called: `GovernanceRoles`
 * @throws TvError also where the contract does not return it
 */
export async function mustRead<T>(chain: Chain, call: ReadCall, source: string): Promise<T> {
  const value = await tryRead<T>(chain, call);
  if (value !== undefined) return value;
  throw new TvError('chain.contract-mismatch', `${source} does not return ${call.functionName}.`, {
    facts: { contract: call.address },
    next: [{ when: 'check the address', tv: ['config', 'show'] }],
  });
}

/** Undefined where the bytes are no result of this function. */
export function decode<T>(abi: Abi, functionName: string, data: `0x${string}`): T | undefined {
  try {
    const result: unknown = decodeFunctionResult({ abi, functionName, data });
    // A contract names itself as it likes; bytes and addresses are hex, of any length.
    const isName = typeof result === 'string' && !/^0x[0-9a-f]*$/i.test(result);
    return (isName ? outsideText(result, longestName) : result) as T;
  } catch {
    return undefined;
  }
}
