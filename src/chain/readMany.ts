import { type Abi, encodeFunctionData, multicall3Abi } from 'viem';
import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { misfit, parseHex } from './parseAnswer.ts';
import { decode, type ReadCall, tryRead } from './tryRead.ts';

/** Multicall3, a predeploy on Tempo. */
const multicall3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
/** Each `eth_call` has to stay below a node's gas limit for calls. */
const callsAtOnce = 250;
/** Below this a plain batch is as good. */
const fewCalls = 20;

/**
 * Reads many functions in one HTTP request where Multicall3 is there, else in JSON-RPC batches.
 * @returns in the order of the calls; undefined as for `tryRead`
 * @throws TvError where any of the answers is unknown
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
  const read = answers.flat();
  // Multicall3 does not say why an inner call failed: it may have run out of gas, which is no answer.
  const again = calls.filter((_, index) => read[index] === 'failed');
  const alone = await Promise.all(again.map((call) => tryRead<T>(chain, call)));
  let next = 0;
  return read.map((one) => (one === 'failed' ? alone[next++] : one.value));
}

/** What an inner call of a multicall came to. */
type Inner<T> = 'failed' | { readonly value: T | undefined };

const known = new WeakMap<Chain, Promise<boolean>>();

/** Asked once, and early where it can ride along in another batch. */
export function hasMulticall(chain: Chain): Promise<boolean> {
  const answered = known.get(chain);
  if (answered !== undefined) return answered;
  const request = chain.client.request({ method: 'eth_getCode', params: [multicall3, 'latest'] });
  const answer = described(chain, request).then((code) => parseHex(code, 'bytecode') !== '0x');
  known.set(chain, answer);
  answer.catch(() => known.delete(chain));
  return answer;
}

async function aggregate<T>(chain: Chain, calls: readonly ReadCall[]): Promise<readonly Inner<T>[]> {
  const wrapped = calls.map(({ address, abi, functionName, args = [] }) => ({
    target: address,
    allowFailure: true,
    callData: encodeFunctionData({ abi: abi as Abi, functionName, args }),
  }));
  const answer: unknown = await chain.client.request({
    method: 'eth_call',
    params: [
      {
        to: multicall3,
        data: encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [wrapped] }),
      },
      'latest',
    ],
  });
  const data = parseHex(answer, 'result of aggregate3');
  const results = decode<Results>(multicall3Abi, 'aggregate3', data);
  if (results?.length !== calls.length) throw misfit(answer, 'result of aggregate3');
  return calls.map(({ abi, functionName }, index) => {
    const result = results[index];
    return result?.success === true
      ? { value: decode<T>(abi as Abi, functionName, result.returnData) }
      : 'failed';
  });
}

type Results = readonly { readonly success: boolean; readonly returnData: `0x${string}` }[];
