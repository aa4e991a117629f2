import type { Address } from '../../config/settings.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { describeRpcError } from '../describeRpcError.ts';
import { parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';
import { rpcFailure } from '../rpcFailure.ts';

/** A transaction that is in no block yet. */
export type PendingTransaction = {
  readonly nonce: number;
  readonly hash: `0x${string}`;
  /** In the smallest unit, in decimal. Of a transaction without EIP-1559 fees both are its gas price. */
  readonly maxFeePerGas: string;
  readonly maxPriorityFeePerGas: string;
  readonly gas: string;
};

/** How far ahead of the next nonce a node without `txpool_contentFrom` is asked, in nonces. */
const looksAhead = 4;

/**
 * An account's transactions in the node's pool from a nonce on, also those behind a gap: from
 * `txpool_contentFrom` (geth, reth, erigon), else one by one with `eth_getTransactionBySenderAndNonce`
 * (reth, anvil), which sees the next few. Public nodes often have neither: then the pool is unknown.
 * @throws TvError where no node answers
 */
export async function readPool(
  chain: Chain,
  { account, nonce }: { readonly account: Address; readonly nonce: number },
): Promise<Answer<readonly PendingTransaction[]>> {
  const content = await unlessUnsupported(chain, 'txpool_contentFrom', [account]);
  if (content !== undefined) {
    const { pending, queued } = parseObject(content, 'pool');
    const all = [pending, queued].flatMap((part) =>
      part === undefined || part === null ? [] : Object.values(parseObject(part, 'pool')),
    );
    return known(sorted(all.map(parseTransaction), nonce));
  }
  const each = await Promise.all(
    Array.from({ length: looksAhead + 1 }, (_, index) =>
      unlessUnsupported(chain, 'eth_getTransactionBySenderAndNonce', [
        account,
        `0x${(nonce + index).toString(16)}`,
      ]),
    ),
  );
  if (each.some((one) => one === undefined)) return unknown('the RPC node does not show its pool');
  const found = each.filter((one) => one !== null).map((one) => parseObject(one, 'transaction'));
  return known(sorted(found.filter(({ blockNumber }) => blockNumber == null).map(parseTransaction), nonce));
}

/** Null is an answer; undefined is none. */
async function unlessUnsupported(chain: Chain, method: string, params: readonly unknown[]): Promise<unknown> {
  try {
    return ((await chain.client.request({ method, params } as never)) as unknown) ?? null;
  } catch (error) {
    // Providers refuse what they do not offer in many ways; no refusal says that the pool is empty.
    if (['unsupported', 'rejected', 'reverted', 'denied'].includes(rpcFailure(error).kind)) return undefined;
    throw describeRpcError(error, chain);
  }
}

function sorted(all: readonly PendingTransaction[], from: number): readonly PendingTransaction[] {
  return all.filter(({ nonce }) => nonce >= from).sort((a, b) => a.nonce - b.nonce);
}

function parseTransaction(value: unknown): PendingTransaction {
  const transaction = parseObject(value, 'transaction');
  const amount = (key: string) => {
    const text = transaction[key];
    return typeof text === 'string' && /^0x[0-9a-f]+$/i.test(text) ? BigInt(text) : undefined;
  };
  const price = amount('gasPrice') ?? 0n;
  return {
    nonce: parseQuantity(transaction['nonce'], 'nonce'),
    hash: parseHex(transaction['hash'], 'transaction hash', 32),
    maxFeePerGas: (amount('maxFeePerGas') ?? price).toString(),
    maxPriorityFeePerGas: (amount('maxPriorityFeePerGas') ?? price).toString(),
    gas: (amount('gas') ?? 0n).toString(),
  };
}
