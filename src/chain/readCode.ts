import type { Address } from '../config/settings.ts';
import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { parseHex } from './parseAnswer.ts';

/** The code at an address; `0x` where there is none. @throws TvError where no node answers */
export async function readCode(chain: Chain, address: Address): Promise<`0x${string}`> {
  const request = chain.client.request({ method: 'eth_getCode', params: [address, 'latest'] });
  return parseHex(await described(chain, request), 'bytecode');
}
