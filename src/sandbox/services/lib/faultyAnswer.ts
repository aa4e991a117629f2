import { keccak256 } from 'viem';
import { type Faults, findFault } from '../faults.ts';

export interface Call {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
}

/** A JSON-RPC answer without its envelope. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } };

const sendMethods = ['eth_sendRawTransaction', 'eth_sendRawTransactionSync'];

/** Where each method that reads state takes its block. */
const blockParameter: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
};

/** What a fault makes of a call before the node sees it; undefined where the node is to answer. */
export function answerInstead(faults: Faults, call: Call): Answer | undefined {
  const { method = '', params = [] } = call;
  const wrongChain = findFault(faults, 'wrong-chain');
  if (wrongChain !== undefined && method === 'eth_chainId')
    return { result: `0x${wrongChain.id.toString(16)}` };
  if (wrongChain !== undefined && method === 'net_version') return { result: String(wrongChain.id) };

  const skip = findFault(faults, 'skip-logs');
  if (skip !== undefined && method === 'eth_getLogs') {
    const [from, to] = logRange(params);
    if (from !== undefined && from === to && skip.blocks.includes(from))
      return failure(-32000, 'request timed out');
  }
  const prune = findFault(faults, 'prune');
  if (prune !== undefined) return prunedBefore(prune.below, method, params);

  if (findFault(faults, 'drop-tx') !== undefined && sendMethods.includes(method)) {
    if (method === 'eth_sendRawTransactionSync') {
      return failure(4, 'The transaction was added to the mempool but was not processed in time');
    }
    return { result: keccak256(params[0] as `0x${string}`) };
  }
  return undefined;
}

/** What a fault makes of the node's answer; `'cut'` ends the connection without one. */
export function answerAfterwards(faults: Faults, call: Call, answer: Answer): Answer | 'cut' {
  const { method = '' } = call;
  if (sendMethods.includes(method)) {
    if (findFault(faults, 'accept-then-die') !== undefined) return 'cut';
    if (findFault(faults, 'already-known') !== undefined) return failure(-32000, 'already known');
  }
  const prune = findFault(faults, 'prune');
  if (prune !== undefined && 'result' in answer && lookups.includes(method)) {
    const block = blockOf(answer.result);
    if (block !== undefined && block < prune.below) return { result: null };
  }
  return answer;
}

/** Calls that name no block number; whether they concern pruned history is known from the answer. */
const lookups = ['eth_getBlockByHash', 'eth_getTransactionByHash', 'eth_getTransactionReceipt'];

/** In the words of geth: a missing state says so, a missing block is null, missing logs are an error. */
function prunedBefore(below: number, method: string, params: readonly unknown[]): Answer | undefined {
  if (method === 'eth_getLogs') {
    const [from] = logRange(params);
    return from !== undefined && from < below ? failure(4444, 'pruned history unavailable') : undefined;
  }
  if (method === 'eth_getBlockByNumber' || method === 'eth_getBlockReceipts') {
    const block = blockNumber(params[0]);
    return block !== undefined && block < below ? { result: null } : undefined;
  }
  const position = blockParameter[method];
  const block = position === undefined ? undefined : blockNumber(params[position]);
  if (block === undefined || block >= below) return undefined;
  return failure(-32000, `missing trie node (path ) state of block ${block} is not available`);
}

function logRange(params: readonly unknown[]): readonly [number | undefined, number | undefined] {
  const filter = params[0];
  if (typeof filter !== 'object' || filter === null) return [undefined, undefined];
  const from = 'fromBlock' in filter ? blockNumber(filter.fromBlock) : undefined;
  const to = 'toBlock' in filter ? blockNumber(filter.toBlock) : undefined;
  return [from, to];
}

/** Undefined for a tag that means a recent block. */
function blockNumber(value: unknown): number | undefined {
  if (value === 'earliest') return 0;
  return typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? Number(value) : undefined;
}

function blockOf(result: unknown): number | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  if ('blockNumber' in result) return blockNumber(result.blockNumber);
  return 'number' in result ? blockNumber(result.number) : undefined;
}

function failure(code: number, message: string): Answer {
  return { error: { code, message } };
}
