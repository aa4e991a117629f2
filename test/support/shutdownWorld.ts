import { connectChain } from '../../src/chain/connectChain.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Deployment, Generation } from '../../src/sandbox/chain/deployment.ts';
import { type Hex, rpc, send } from '../../src/sandbox/chain/rpc.ts';
import { countSent } from './countSent.ts';
import { startSandbox, type TestSandbox } from './sandbox.ts';

export const units = ['tempovault-oracle', 'tempovault-indexer', 'tempovault-api'];
export const allOff = units.map(() => 'inactive');
export const allOn = units.map(() => 'active');

/** A sandbox that is shut down and brought back, and what is so on it, read past tv. */
export interface ShutdownWorld {
  readonly sandbox: TestSandbox;
  /** The chain itself, not the proxy that TempoVault uses. */
  readonly url: string;
  readonly deployment: Deployment;
  /** Who may pause here. */
  readonly pauser: Address;
  paused(): Promise<boolean | undefined>;
  setPaused(wanted: boolean): Promise<void>;
  /** Of the three units, in the order of `units`. */
  states(): Promise<readonly string[]>;
  head(): Promise<number>;
  /** Transactions of the pauser after a block, counted from the blocks. */
  sentSince(block: number): Promise<number>;
  /** As before any emergency: not paused, all units active. */
  reset(): Promise<void>;
}

export async function shutdownWorld(network: Network, contracts: Generation): Promise<ShutdownWorld> {
  const sandbox = await startSandbox({ network, contracts });
  const { deployment, ports } = sandbox.info;
  const url = `http://127.0.0.1:${ports.chain}`;
  const chain = connectChain({
    rpcUrls: [url],
    id: deployment.chainId,
    timeoutMs: 5_000,
    contracts: deployment.addresses,
  });
  const pauser = deployment.accounts[contracts === 'runbook' ? 'admin' : 'emergency'].address;
  const head = async () => Number(await rpc<Hex>(url, 'eth_blockNumber'));
  const paused = async () => (await readProtocol(chain)).paused;
  const setPaused = async (wanted: boolean) => {
    const intent = await resolveIntent(chain, { intent: wanted ? 'pauseProtocol' : 'unpauseProtocol' });
    await send(url, { from: pauser, to: intent.address, data: intent.data });
  };
  return {
    sandbox,
    url,
    deployment,
    pauser,
    paused,
    setPaused,
    states: async () =>
      (await sandbox.systemctl('is-active', ...units)).stdout.split('\n').filter((line) => line !== ''),
    head,
    sentSince: (block) => countSent(url, pauser, block + 1),
    reset: async () => {
      if (await paused()) await setPaused(false);
      await sandbox.systemctl('start', ...units);
    },
  };
}
