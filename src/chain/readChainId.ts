import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { parseQuantity } from './parseAnswer.ts';

/** @throws TvError where no node answers */
export async function readChainId(chain: Chain): Promise<number> {
  return parseQuantity(await described(chain, chain.client.request({ method: 'eth_chainId' })), 'chain id');
}
