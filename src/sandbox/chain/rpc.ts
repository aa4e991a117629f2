import { TvError } from '../../errors/TvError.ts';
import { upstream } from '../services/lib/upstream.ts';

export type Hex = `0x${string}`;

interface Answer<T> {
  readonly id: number;
  readonly result: T;
  readonly error?: { readonly message: string; readonly data?: unknown };
}

let nextId = 1;

/** Of each node, so that connections to it stay open. */
const nodes = new Map<string, ReturnType<typeof upstream>>();

async function post(url: string, body: unknown): Promise<unknown> {
  const node = nodes.get(url) ?? upstream(url);
  nodes.set(url, node);
  const answer = await node(Buffer.from(JSON.stringify(body)));
  return JSON.parse(answer.body.toString('utf8'));
}

function resultOf<T>(method: string, { result, error }: Answer<T>): T {
  if (error === undefined) return result;
  throw new TvError('sandbox.chain-failed', `The sandbox's chain refused ${method}.`, {
    facts: { answer: error.message, data: error.data?.toString() },
  });
}

/**
 * One JSON-RPC call to the sandbox's own chain, for the anvil methods that viem does not know.
 *
 * @throws TvError with the node's words where it answers with an error
 */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  const answer = await post(url, { jsonrpc: '2.0', id: nextId++, method, params });
  return resultOf(method, answer as Answer<T>);
}

/**
 * The same call with many parameters, in one request; the results come in the order of the parameters.
 * Anvil works on them side by side, so they must not depend on each other.
 *
 * @throws TvError with the node's words where it answers one of them with an error
 */
export async function rpcEach<T>(
  url: string,
  method: string,
  parameters: readonly (readonly unknown[])[],
): Promise<T[]> {
  if (parameters.length === 0) return [];
  const calls = parameters.map((params, id) => ({ jsonrpc: '2.0', id, method, params }));
  const answers = (await post(url, calls)) as Answer<T>[];
  return answers.sort((a, b) => a.id - b.id).map((answer) => resultOf(method, answer));
}

export interface Receipt {
  readonly status: Hex;
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
  readonly contractAddress: Hex | null;
}

export interface Transaction {
  readonly from: Hex;
  readonly to?: Hex;
  readonly data: Hex;
  readonly nonce?: number;
  /** Both in the smallest unit; the node's own choice without them. */
  readonly maxFeePerGas?: Hex;
  readonly maxPriorityFeePerGas?: Hex;
}

/** Ample for everything that the sandbox sends; named so that the node need not estimate. Below EIP-7825's limit. */
const gas = '0xf00000';

const asParameters = ({ nonce, ...rest }: Transaction) => [
  nonce === undefined ? { ...rest, gas } : { ...rest, gas, nonce: `0x${nonce.toString(16)}` },
];

/**
 * Sends a transaction from an unlocked dev account and waits until it is mined.
 *
 * @throws TvError where it is refused, or mined but reverted
 */
export async function send(url: string, transaction: Transaction): Promise<Receipt> {
  const receipt = await rpc<Receipt>(url, 'eth_sendTransactionSync', asParameters(transaction));
  if (receipt.status !== '0x1') {
    throw new TvError(
      'sandbox.chain-failed',
      "A transaction on the sandbox's chain was mined, but reverted.",
      {
        facts: { transaction: receipt.transactionHash, from: transaction.from, to: transaction.to },
      },
    );
  }
  return receipt;
}

/** Hands a transaction to the pool and does not wait. */
export function enqueue(url: string, transaction: Transaction): Promise<Hex> {
  return rpc<Hex>(url, 'eth_sendTransaction', asParameters(transaction));
}

export async function nonceOf(url: string, address: Hex): Promise<number> {
  return Number(await rpc<Hex>(url, 'eth_getTransactionCount', [address, 'latest']));
}

export async function head(url: string): Promise<{ number: number; timestamp: number }> {
  const block = await rpc<{ number: Hex; timestamp: Hex }>(url, 'eth_getBlockByNumber', ['latest', false]);
  return { number: Number(block.number), timestamp: Number(block.timestamp) };
}
