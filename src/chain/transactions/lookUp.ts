import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseQuantity } from '../parseAnswer.ts';
import { readUsedNonce } from './readNonce.ts';
import type { SignedTransaction } from './transaction.ts';

export interface Receipt {
  readonly success: boolean;
  readonly block: number;
  readonly gasUsed: bigint;
  readonly gasPrice: bigint;
}

/** Where a signed transaction is. */
export type Whereabouts =
  | { readonly at: 'block'; readonly receipt: Receipt }
  | { readonly at: 'pool' }
  /** The node has never heard of it, or has dropped it; its nonce is free. */
  | { readonly at: 'nowhere' }
  /** Another transaction is in a block with its nonce: this one never will be. */
  | { readonly at: 'overtaken' };

/** Looks a transaction up by its hash, in one batch. @throws TvError where no node answers */
export async function lookUp(chain: Chain, transaction: SignedTransaction): Promise<Whereabouts> {
  const { hash, from, nonceKey, nonce } = transaction;
  const [receipt, found, used] = await Promise.all([
    readReceipt(chain, hash),
    described(chain, chain.client.request({ method: 'eth_getTransactionByHash', params: [hash] })),
    readUsedNonce(chain, { account: from, key: nonceKey }),
  ]);
  if (receipt !== undefined) return { at: 'block', receipt };
  if (used > nonce) {
    // It may have got into a block between two calls of the batch.
    const late = await readReceipt(chain, hash);
    if (late !== undefined) return { at: 'block', receipt: late };
    if (found === null) return { at: 'overtaken' };
  }
  return { at: found === null ? 'nowhere' : 'pool' };
}

async function readReceipt(chain: Chain, hash: `0x${string}`): Promise<Receipt | undefined> {
  const request = chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
  const answer: unknown = await described(chain, request);
  if (answer === null) return undefined;
  const receipt = parseObject(answer, 'receipt');
  return {
    success: receipt['status'] === '0x1',
    block: parseQuantity(receipt['blockNumber'], 'block number'),
    gasUsed: BigInt(String(receipt['gasUsed'])),
    gasPrice: BigInt(String(receipt['effectiveGasPrice'] ?? '0x0')),
  };
}
