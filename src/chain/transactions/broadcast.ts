import type { Chain } from '../../runbook/context.ts';
import { nodesOf, signalOf } from '../connectChain.ts';
import type { RpcFailureKind } from '../rpcErrorKind.ts';
import { rpcFailure } from '../rpcFailure.ts';
import type { SignedTransaction } from './transaction.ts';

/**
 * What the nodes answered to a transaction. Words of a node, and no more: the node may have it all the
 * same. Only a look-up shows where it is.
 */
export type Broadcast =
  | { readonly outcome: 'accepted' }
  /** Every node that answered did so with an error; the words of the first. */
  | { readonly outcome: 'refused'; readonly words: string }
  /** No node answered. */
  | { readonly outcome: 'unheard' };

type SendMethod = 'eth_sendRawTransaction' | 'eth_sendRawTransactionSync';

/** Nothing came back, so that another method of the same node would not be heard either. */
const unheard: readonly RpcFailureKind[] = [
  'timeout',
  'unreachable',
  'cut',
  'tls',
  'denied',
  'http',
  'nonsense',
  // Even a fault of tv itself says nothing of bytes that may have left.
  'unknown',
];

/**
 * Hands a signed transaction to the nodes, until one accepts it: with `eth_sendRawTransactionSync`,
 * which answers once it is in a block, and after any error of that in the plain form. The same bytes can
 * be handed over any number of times.
 * @param atOnce do not wait for the block, where there is other work to do meanwhile
 */
export async function broadcast(
  chain: Chain,
  { raw }: Pick<SignedTransaction, 'raw'>,
  { atOnce = false }: { readonly atOnce?: boolean | undefined } = {},
): Promise<Broadcast> {
  const request = (method: SendMethod) => chain.client.request({ method, params: [raw] } as never);
  if (!atOnce) {
    const inOneTrip = await attempt(chain, () => request('eth_sendRawTransactionSync'));
    if (inOneTrip.outcome !== 'refused') return inOneTrip;
  }
  const plain = await attempt(chain, () => request('eth_sendRawTransaction'));
  if (plain.outcome !== 'refused') return plain;
  for (const node of nodesOf(chain).slice(1)) {
    const other = await attempt(chain, () => node.request('eth_sendRawTransaction', [raw]));
    if (other.outcome === 'accepted') return other;
  }
  return plain;
}

async function attempt(chain: Chain, send: () => Promise<unknown>): Promise<Broadcast> {
  try {
    await send();
    return { outcome: 'accepted' };
  } catch (error) {
    signalOf(chain)?.throwIfAborted();
    const { kind, message } = rpcFailure(error);
    return unheard.includes(kind) ? { outcome: 'unheard' } : { outcome: 'refused', words: message };
  }
}
