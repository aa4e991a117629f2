import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { decodeRevert, type Revert } from '../decodeRevert.ts';
import { describeRpcError } from '../describeRpcError.ts';
import type { Deployment } from '../intents/readDeployment.ts';
import { parseHex, parseWei } from '../parseAnswer.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { parseAmount, parseStatus } from './receipt.ts';
import type { Call } from './transaction.ts';

export interface SimulateParameters {
  readonly from: Address;
  /** In this order, each on top of the one before. */
  readonly calls: readonly Call[];
  /** What other accounts do before, such as ending a pause. */
  readonly first?: readonly (Call & { readonly from: Address })[];
  /** The state after this block; default the latest. */
  readonly block?: number;
  /** Saves a look at the registry where the reason is a missing role. */
  readonly deployment?: Deployment;
}

export type Simulation =
  | {
      readonly ok: true;
      /** Of all calls, without a margin. */
      readonly gas: bigint;
      /** False where the node can try nothing that comes after calls of other accounts. */
      readonly tried: boolean;
    }
  | { readonly ok: false /** Which call, from 0. */; readonly index: number; readonly revert: Revert };

/**
 * Tries calls without sending them. Nodes without `eth_simulateV1` are asked call by call, which
 * misjudges calls that need those before them.
 * @throws TvError where no node answers
 */
export async function simulate(chain: Chain, parameters: SimulateParameters): Promise<Simulation> {
  const { calls, first = [] } = parameters;
  if (calls.length === 1 && first.length === 0) return oneByOne(chain, parameters);
  const together = await allAtOnce(chain, parameters);
  if (together !== undefined) return together;
  return first.length === 0 ? oneByOne(chain, parameters) : { ok: true, gas: 0n, tried: false };
}

/**
 * Tries calls of any accounts, each on top of the one before; those after a refused one go on without it.
 * @param block the state after it; default the latest
 * @param time of the block that they are tried in, in seconds since 1970; default the node's choice
 * @returns in the order of the calls; undefined where the node has no `eth_simulateV1`
 * @throws TvError where no node answers
 */
export async function simulateCalls(
  chain: Chain,
  calls: readonly (Call & { readonly from: Address })[],
  { block, time }: { readonly block?: number | undefined; readonly time?: number | undefined } = {},
): Promise<readonly CallResult[] | undefined> {
  const overrides = time === undefined ? {} : { blockOverrides: { time: `0x${time.toString(16)}` } };
  let answer: unknown;
  try {
    answer = await chain.client.request({
      method: 'eth_simulateV1',
      params: [{ blockStateCalls: [{ ...overrides, calls }], validation: false }, tag(block)],
    } as never);
  } catch (error) {
    const kinds = ['unsupported', 'rejected', 'reverted', 'failed'];
    if (kinds.includes(rpcFailure(error).kind)) return undefined;
    throw describeRpcError(error, chain);
  }
  const results = readResults(answer);
  return results?.length === calls.length ? results : undefined;
}

async function allAtOnce(chain: Chain, parameters: SimulateParameters): Promise<Simulation | undefined> {
  const { from, calls, first = [], block, deployment } = parameters;
  const results = await simulateCalls(chain, [...first, ...calls.map((call) => ({ from, ...call }))], {
    block,
  });
  if (results === undefined) return undefined;
  const index = results.findIndex(({ ok }) => !ok);
  const own = results.slice(first.length);
  if (index === -1) return { ok: true, gas: own.reduce((sum, { gas }) => sum + gas, 0n), tried: true };
  return {
    ok: false,
    index: Math.max(0, index - first.length),
    revert: await decodeRevert(chain, results[index]?.data ?? '0x', deployment),
  };
}

export interface CallResult {
  readonly ok: boolean;
  readonly gas: bigint;
  readonly data: string;
}

/** Undefined where one of them has no readable status or gas: then nothing was tried. */
function readResults(answer: unknown): readonly CallResult[] | undefined {
  const [block] = Array.isArray(answer) ? answer : [];
  const calls: unknown =
    typeof block === 'object' && block !== null ? Reflect.get(block, 'calls') : undefined;
  if (!Array.isArray(calls)) return undefined;
  const results = calls.map((call: unknown): CallResult | undefined => {
    if (typeof call !== 'object' || call === null) return undefined;
    const { status, gasUsed, returnData } = call as Readonly<Record<string, unknown>>;
    const read = parseStatus(status);
    const gas = parseAmount(gasUsed);
    if (!read.known || gas === undefined) return undefined;
    return { ok: read.value === 'success', gas, data: typeof returnData === 'string' ? returnData : '0x' };
  });
  return results.every((result) => result !== undefined) ? results : undefined;
}

async function oneByOne(chain: Chain, parameters: SimulateParameters): Promise<Simulation> {
  const { from, calls, block, deployment } = parameters;
  const results = await Promise.all(
    calls.map(async (each) => {
      const call = { from, ...each };
      const [called, estimated] = await Promise.allSettled([
        chain.client.request({ method: 'eth_call', params: [call, tag(block)] }),
        chain.client.request({ method: 'eth_estimateGas', params: [call, tag(block)] }),
      ]);
      if (called.status === 'fulfilled' && estimated.status === 'fulfilled') {
        parseHex(called.value, 'result of the call');
        return { gas: parseWei(estimated.value, 'amount of gas') };
      }
      const errors = [called, estimated].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      // Any other error says nothing of what the contract would do.
      const revert = errors.find((error) => rpcFailure(error).kind === 'reverted');
      if (revert === undefined) throw describeRpcError(errors[0], chain);
      return { error: revert };
    }),
  );
  const index = results.findIndex((result) => 'error' in result);
  if (index === -1) {
    return { ok: true, gas: results.reduce((sum, result) => sum + (result.gas ?? 0n), 0n), tried: true };
  }
  return { ok: false, index, revert: await decodeRevert(chain, results[index]?.error, deployment) };
}

function tag(block: number | undefined): `0x${string}` | 'latest' {
  return block === undefined ? 'latest' : `0x${block.toString(16)}`;
}
