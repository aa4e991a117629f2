import { TvError } from '../../errors/TvError.ts';
import { type Upstream, type UpstreamOptions, upstream } from '../services/lib/upstream.ts';

export type Hex = `0x${string}`;

/** One JSON-RPC call. @throws Error on any answer but a result; RpcRefusal where the node answers with an error */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The node's own words about a call. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly data: unknown;
  constructor({ message = 'the RPC node answered with an error', data }: NonNullable<Answer['error']>) {
    super(message);
    this.data = data;
  }
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: string; readonly data?: unknown };
}

/** A JSON-RPC client of one node. The limit of a call is 10 s, as web3.py's, unless it is named. */
export function rpcClient(url: string, { timeoutMs = 10_000, stop }: UpstreamOptions = {}): Rpc {
  const post = upstream(url, { timeoutMs, stop });
  return async (method, params) => resultOf((await exchange(post, request(1, method, params))) as Answer);
}

function request(id: number, method: string, params: readonly unknown[]) {
  return { jsonrpc: '2.0', id, method, params };
}

async function exchange(post: Upstream, body: unknown): Promise<unknown> {
  const answer = await post(Buffer.from(JSON.stringify(body)));
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status} from the RPC node`);
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    throw new Error('the RPC node did not answer with JSON');
  }
}

function resultOf(answer: Answer): unknown {
  if (answer.error !== undefined) throw new RpcRefusal(answer.error);
  if (!('result' in answer)) throw new Error('the RPC node answered without a result');
  return answer.result;
}

/** Of each sandbox's chain, so that connections to it stay open. Without a limit: some work takes long. */
const chains = new Map<string, Upstream>();

function chainAt(url: string): Upstream {
  const chain = chains.get(url) ?? upstream(url);
  chains.set(url, chain);
  return chain;
}

function resultOnChain<T>(method: string, answer: Answer): T {
  try {
    return resultOf(answer) as T;
  } catch (error) {
    if (!(error instanceof RpcRefusal)) throw error;
    throw new TvError('sandbox.chain-failed', `The sandbox's chain refused ${method}.`, {
      facts: { answer: error.message, data: error.data?.toString() },
    });
  }
}

/**
 * One JSON-RPC call to the sandbox's own chain, for the anvil methods that viem does not know.
 *
 * @throws TvError with the node's words where it answers with an error
 */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  const answer = await exchange(chainAt(url), request(1, method, params));
  return resultOnChain(method, answer as Answer);
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
  const calls = parameters.map((params, id) => request(id, method, params));
  const answers = (await exchange(chainAt(url), calls)) as Answer[];
  return answers
    .toSorted((a, b) => Number(a.id) - Number(b.id))
    .map((answer) => resultOnChain(method, answer));
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
