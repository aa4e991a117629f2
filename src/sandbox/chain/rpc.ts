import { TvError } from '../../errors/TvError.ts';

export type Hex = `0x${string}`;

let nextId = 1;

/**
 * One JSON-RPC call to the sandbox's own chain, for the anvil methods that viem does not know.
 *
 * @throws TvError with the node's words where it answers with an error
 */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }),
  });
  const answer = (await response.json()) as { result: T; error?: { message: string; data?: unknown } };
  if (answer.error !== undefined) {
    throw new TvError(`The sandbox's chain refused ${method}.`, {
      facts: { answer: answer.error.message, data: answer.error.data?.toString() },
    });
  }
  return answer.result;
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
    throw new TvError("A transaction on the sandbox's chain was mined, but reverted.", {
      facts: { transaction: receipt.transactionHash, from: transaction.from, to: transaction.to },
    });
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
