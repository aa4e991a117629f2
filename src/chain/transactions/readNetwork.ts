import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseHex } from '../parseAnswer.ts';
import type { Network } from './transaction.ts';

/** Tempo's fee manager is a predeploy: no other chain has code there (deployment-facts, section 1). */
export const feeManager = '0xfeec000000000000000000000000000000000000';

const known = new WeakMap<Chain, Promise<Network>>();

/** What kind of chain this is; asked once. @throws TvError where no node answers */
export function readNetwork(chain: Chain): Promise<Network> {
  const answered = known.get(chain);
  if (answered !== undefined) return answered;
  const request = chain.client.request({ method: 'eth_getCode', params: [feeManager, 'latest'] });
  const network = described(chain, request).then(
    (code): Network => (parseHex(code, 'bytecode') === '0x' ? 'plain' : 'tempo'),
  );
  known.set(chain, network);
  network.catch(() => known.delete(chain));
  return network;
}
