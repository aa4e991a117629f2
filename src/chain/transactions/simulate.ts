import type { Address } from '../../config/settings.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { firstWords } from '../../text/firstWords.ts';
import { decodeRevert, type Revert } from '../decodeRevert.ts';
import { describeRpcError } from '../describeRpcError.ts';
import type { Deployment } from '../intents/readDeployment.ts';
import { parseHex, parseWei } from '../parseAnswer.ts';
import { isOutOfGas } from '../rpcErrorKind.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { type EmittedLog, parseAmount, parseLogs, parseStatus } from './receipt.ts';
import type { Call } from './transaction.ts';

export interface SimulateParameters {
  readonly from: Address;
  /** In this order, each on top of the one before. */
  readonly calls: readonly Call[];
  /** What other accounts do before, such as ending a pause. */
  readonly first?: readonly (Call & { readonly from: Address })[];
  /** The state after this block; default the latest. */
  readonly block?: number;
  /** Saves a read of the registry where the reason is a missing role. */
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

/** Calls of one simulated block. */
export interface SimulatedBlock {
  readonly calls: readonly (Pick<Call, 'to' | 'data' | 'value'> & { readonly from?: Address })[];
  /** Of the block, in seconds since 1970, after that of the block before; default the node's choice. */
  readonly time?: number | undefined;
}

/**
 * Tries calls of any accounts, each on top of the one before; those after a refused one are tried without it.
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
  const answer = await simulateBlocks(chain, [{ calls, time }], { block });
  return answer.known ? answer.value[0] : undefined;
}

/**
 * The same over several blocks, in one request.
 * @param traceTransfers native token that moves is logged as well, as a `Transfer` of `0xeeee…`
 * @returns by block, in the order of the calls; unknown where the node cannot do it
 * @throws TvError where no node answers
 */
export async function simulateBlocks(
  chain: Chain,
  blocks: readonly SimulatedBlock[],
  {
    block,
    traceTransfers = false,
  }: { readonly block?: number | undefined; readonly traceTransfers?: boolean } = {},
): Promise<Answer<readonly (readonly CallResult[])[]>> {
  const blockStateCalls = blocks.map(({ calls, time }) => ({
    ...(time === undefined ? {} : { blockOverrides: { time: `0x${time.toString(16)}` } }),
    calls,
  }));
  let answer: unknown;
  try {
    answer = await chain.client.request({
      method: 'eth_simulateV1',
      params: [
        // One account that cannot pay would fail the whole request.
        { blockStateCalls, validation: false, ...(traceTransfers ? { traceTransfers } : {}) },
        tag(block),
      ],
    } as never);
  } catch (error) {
    const failure = rpcFailure(error);
    if (failure.kind === 'unsupported') return unknown('the RPC node has no eth_simulateV1');
    if (['rejected', 'reverted', 'failed'].includes(failure.kind)) {
      return unknown(`the RPC node refuses eth_simulateV1: ${firstWords(failure.message, 120)}`);
    }
    throw describeRpcError(error, chain);
  }
  const results = Array.isArray(answer) ? answer.map(readResults) : [];
  const isWhole =
    results.length === blocks.length &&
    results.every((calls, index) => calls?.length === blocks[index]?.calls.length);
  return isWhole
    ? known(results.filter((calls) => calls !== undefined))
    : unknown('the RPC node answers eth_simulateV1 with something else than results of the calls');
}

async function allAtOnce(chain: Chain, parameters: SimulateParameters): Promise<Simulation | undefined> {
  const { from, calls, first = [], block, deployment } = parameters;
  const results = await simulateCalls(chain, [...first, ...calls.map((call) => ({ from, ...call }))], {
    block,
  });
  if (results === undefined) return undefined;
  const index = results.findIndex(({ ok }) => !ok);
  // All calls share the gas of one simulated block: that it is used up says nothing of the contract.
  if (results[index]?.outOfGas !== undefined) return undefined;
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
  readonly logs: Answer<readonly EmittedLog[]>;
  /** The node's words, where it was not the contract that ended the call but a limit of gas. */
  readonly outOfGas: string | undefined;
}

/** Undefined where one of them has no readable status or gas, or succeeds with an error: then nothing was tried. */
function readResults(block: unknown): readonly CallResult[] | undefined {
  const calls: unknown =
    typeof block === 'object' && block !== null ? Reflect.get(block, 'calls') : undefined;
  if (!Array.isArray(calls)) return undefined;
  const results = calls.map((call: unknown): CallResult | undefined => {
    if (typeof call !== 'object' || call === null) return undefined;
    const { status, gasUsed, returnData, logs, error } = call as Readonly<Record<string, unknown>>;
    const read = parseStatus(status);
    const gas = parseAmount(gasUsed);
    if (!read.known || gas === undefined) return undefined;
    const ok = read.value === 'success';
    if (ok && error !== undefined && error !== null) return undefined;
    const data = typeof returnData === 'string' ? returnData : '0x';
    const said: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : '';
    const outOfGas = typeof said === 'string' && data === '0x' && isOutOfGas(said) ? said : undefined;
    return { ok, gas, data, logs: parseLogs(logs), outOfGas };
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
