import { getAddress } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseHex, parseObject } from '../parseAnswer.ts';
import { type AcceptedSignal, signalReader } from './readSignals.ts';

export interface SentSignal extends AcceptedSignal {
  /** Who sent the transaction. */
  readonly from: Address;
}

/**
 * Looks again and again for the first oracle signal that the risk controller accepted after a block, of
 * whichever sender. Where the node serves no logs, only those of the expected oracle can be found.
 * @returns undefined where there is none yet; the read throws TvError where that is unknown
 */
export function signalFinder(
  chain: Chain,
  { oracle, afterBlock }: { readonly oracle: Address; readonly afterBlock: number },
): () => Promise<SentSignal | undefined> {
  const read = signalReader(chain, { sender: oracle, fromBlock: afterBlock + 1 });
  let first: AcceptedSignal | undefined;
  return async () => {
    first ??= (await read())[0];
    if (first === undefined) return undefined;
    const sent = await described(
      chain,
      chain.client.request({ method: 'eth_getTransactionByHash', params: [first.transaction] }),
    );
    const from = getAddress(parseHex(parseObject(sent, 'transaction')['from'], 'address', 20));
    return { ...first, from };
  };
}
