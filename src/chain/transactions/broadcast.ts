import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { rpcFailure } from '../rpcFailure.ts';
import type { SignedTransaction } from './transaction.ts';

/** What a node said of a transaction that it was given. */
export type Broadcast =
  /** It has it, or had it before. Whether it is in a block is another question. */
  | { readonly outcome: 'accepted' }
  /** It did not say, or could not be reached: it may have it all the same. */
  | { readonly outcome: 'unknown'; readonly error: Error }
  /** It does not take it. */
  | { readonly outcome: 'rejected'; readonly reason: string };

/** geth, reth, erigon, nethermind, besu and anvil on a transaction that they have. */
const knownWords = /already known|already imported|known transaction|already exists|alreadyknown/i;
/** It may be this very transaction that has taken the nonce: the receipt tells. */
const minedWords = /nonce too low|nonce is too low|invalid nonce|nonce has already been used|oldnonce/i;
const notYetWords = /not processed in time|timed? ?out|was not mined/i;

/**
 * Hands a signed transaction to the node: with `eth_sendRawTransactionSync`, which answers once it
 * is in a block, where the node has it. The same bytes can be handed over any number of times.
 * @param atOnce do not wait for the block, where there is other work to do meanwhile
 */
export async function broadcast(
  chain: Chain,
  { raw }: SignedTransaction,
  { atOnce = false }: { readonly atOnce?: boolean | undefined } = {},
): Promise<Broadcast> {
  const inOneTrip = atOnce ? undefined : await attempt(chain, 'eth_sendRawTransactionSync', raw);
  return (
    inOneTrip ??
    (await attempt(chain, 'eth_sendRawTransaction', raw)) ?? {
      outcome: 'rejected',
      reason: 'the node offers no way to send transactions',
    }
  );
}

async function attempt(
  chain: Chain,
  method: 'eth_sendRawTransaction' | 'eth_sendRawTransactionSync',
  raw: `0x${string}`,
): Promise<Broadcast | undefined> {
  try {
    await chain.client.request({ method, params: [raw] } as never);
    return { outcome: 'accepted' };
  } catch (error) {
    const { kind, message } = rpcFailure(error);
    if (knownWords.test(message) || minedWords.test(message) || notYetWords.test(message)) {
      return { outcome: 'accepted' };
    }
    if (kind === 'unsupported') return undefined;
    if (kind === 'rejected' || kind === 'reverted') return { outcome: 'rejected', reason: message };
    const told = await described(chain, Promise.reject(error)).catch((reason: unknown) => reason);
    return { outcome: 'unknown', error: told instanceof Error ? told : new Error(String(told)) };
  }
}
