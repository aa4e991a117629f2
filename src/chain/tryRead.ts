import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem';
import type { Address } from '../config/settings.ts';
import { outsideText } from '../errors/outsideText.ts';
import type { Chain } from '../runbook/context.ts';
import { describeRpcError } from './describeRpcError.ts';
import { rpcFailure } from './rpcFailure.ts';

export interface ReadCall {
  readonly address: Address;
  readonly abi: Abi | readonly unknown[];
  readonly functionName: string;
  readonly args?: readonly unknown[];
}

/**
 * Calls a function that may not be there. Calls of one turn go out as one batch.
 * @returns undefined where the contract refuses, or answers something else
 * @throws TvError where no node answers
 */
export async function tryRead<T>(chain: Chain, call: ReadCall): Promise<T | undefined> {
  const { address, functionName, args = [] } = call;
  const abi = call.abi as Abi;
  try {
    const data = await chain.client.request({
      method: 'eth_call',
      params: [{ to: address, data: encodeFunctionData({ abi, functionName, args }) }, 'latest'],
    });
    return decode<T>(abi, functionName, data);
  } catch (error) {
    // Other code than the protocol's may also end in an EVM error (an invalid jump), which is no revert.
    if (['reverted', 'rejected'].includes(rpcFailure(error).kind)) return undefined;
    throw describeRpcError(error, chain);
  }
}

/** Of a symbol or name on the chain, in characters: what a cell of a table takes. */
const longestName = 48;

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
