import { type Abi, decodeFunctionResult, encodeFunctionData, multicall3Abi } from 'viem';
import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { decode, type ReadCall, tryRead } from './tryRead.ts';

/** Multicall3, a predeploy on Tempo (deployment-facts, section 1). */
const multicall3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
/** Each `eth_call` has to stay below a node's gas limit for calls. */
const callsAtOnce = 250;
/** Below this a plain batch is as good. */
const fewCalls = 20;

/**
 * Reads many functions in one HTTP request where Multicall3 is there, else in JSON-RPC batches.
 * @returns in the order of the calls; undefined for those that revert
 * @throws TvError where no node answers
 */
export async function readMany<T>(
  chain: Chain,
  calls: readonly ReadCall[],
): Promise<readonly (T | undefined)[]> {
  if (calls.length <= fewCalls || !(await hasMulticall(chain))) {
    return Promise.all(calls.map((call) => tryRead<T>(chain, call)));
  }
  const chunks = Array.from({ length: Math.ceil(calls.length / callsAtOnce) }, (_, index) =>
    calls.slice(index * callsAtOnce, (index + 1) * callsAtOnce),
  );
  const answers = await described(chain, Promise.all(chunks.map((chunk) => aggregate<T>(chain, chunk))));
  return answers.flat();
}

const known = new WeakMap<Chain, Promise<boolean>>();

/** Asked once, and early where it can ride along in another batch. */
export function hasMulticall(chain: Chain): Promise<boolean> {
  const answered = known.get(chain);
  if (answered !== undefined) return answered;
  const request = chain.client.request({ method: 'eth_getCode', params: [multicall3, 'latest'] });
  const answer = described(chain, request).then((code) => code !== '0x');
  known.set(chain, answer);
  answer.catch(() => known.delete(chain));
  return answer;
}

async function aggregate<T>(chain: Chain, calls: readonly ReadCall[]): Promise<readonly (T | undefined)[]> {
  const wrapped = calls.map(({ address, abi, functionName, args = [] }) => ({
    target: address,
    allowFailure: true,
    callData: encodeFunctionData({ abi: abi as Abi, functionName, args }),
  }));
  const data = await chain.client.request({
    method: 'eth_call',
    params: [
      {
        to: multicall3,
        data: encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [wrapped] }),
      },
      'latest',
    ],
  });
  const results = decodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', data });
  return calls.map(({ abi, functionName }, index) => {
    const result = results[index];
    return result?.success === true ? decode<T>(abi as Abi, functionName, result.returnData) : undefined;
  });
}
