import type { Address } from '../../config/settings.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { contractAddresses } from '../contracts.ts';
import { described } from '../describeRpcError.ts';
import { parseHex } from '../parseAnswer.ts';
import type { Network } from './transaction.ts';

/** Tempo's fee manager is a predeploy: no other chain has code there. */
export const feeManager = '0xfeec000000000000000000000000000000000000';

const known = new WeakMap<Chain, Promise<Network>>();

/**
 * What kind of chain this is; asked once. No code at the fee manager says so only where the node returns code
 * for a contract of the protocol.
 * @throws TvError where no node answers, or that is unknown
 */
export function readNetwork(chain: Chain): Promise<Network> {
  const answered = known.get(chain);
  if (answered !== undefined) return answered;
  const network = recognise(chain);
  known.set(chain, network);
  network.catch(() => known.delete(chain));
  return network;
}

async function recognise(chain: Chain): Promise<Network> {
  const [own] = contractAddresses(chain);
  const addresses = own === undefined ? [feeManager] : ([feeManager, own] as const);
  const [manager, contract] = await described(
    chain,
    Promise.all(
      addresses.map((address) =>
        chain.client.request({ method: 'eth_getCode', params: [address as Address, 'latest'] }),
      ),
    ),
  );
  if (parseHex(manager, 'bytecode') !== '0x') return 'tempo';
  if (own === undefined || parseHex(contract, 'bytecode') !== '0x') return 'plain';
  throw new UnavailableError(
    'chain.unreliable-node',
    'The RPC node returns no bytecode, so it is unknown whether this is a Tempo chain.',
    {
      facts: { node: chain.urls.join(', '), 'no bytecode at': `${feeManager}, ${own}` },
      next: { when: 'see which RPC URLs and addresses are set, and from where', tv: ['config', 'show'] },
    },
  );
}
