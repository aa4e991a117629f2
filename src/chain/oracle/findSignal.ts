import { getAddress } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseHex, parseObject } from '../parseAnswer.ts';
import { type AcceptedSignal, readSignals } from './readSignals.ts';

export interface SentSignal extends AcceptedSignal {
  /** Who sent the transaction. */
  readonly from: Address;
}

/**
 * The first oracle signal that the risk controller accepted after a block. Undefined where
 * there is none yet.
 * @throws TvError where no node answers
 */
export async function findSignal(
  chain: Chain,
  { afterBlock }: { readonly afterBlock: number },
): Promise<SentSignal | undefined> {
  // The next block may not be there yet, which nodes refuse to look at.
  const signals = await readSignals(chain, { fromBlock: afterBlock });
  const signal = signals.find(({ block }) => block > afterBlock);
  if (signal === undefined) return undefined;
  const sent = await described(
    chain,
    chain.client.request({ method: 'eth_getTransactionByHash', params: [signal.transaction] }),
  );
  const from = getAddress(parseHex(parseObject(sent, 'transaction')['from'], 'address', 20));
  return { ...signal, from };
}
