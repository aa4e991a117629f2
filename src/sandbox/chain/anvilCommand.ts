import { anvilBinary } from './anvilBinary.ts';

export type Network = 'tempo' | 'plain';

export interface AnvilParameters {
  readonly network: Network;
  readonly port: number;
  /** Default: anvil's own, 31337. */
  readonly chainId?: number;
  /** Unix time of block 0, in seconds; default now. Leave room for `writeHistory`: `historyGenesis()`. */
  readonly genesisTimestamp?: number;
  /** A file with a chain's past, as `keepPast` writes it, for this one to go on from. */
  readonly stateFile?: string;
}

/**
 * The command line of the sandbox's chain: on loopback only, mining at once on a transaction and once a
 * second besides, as no RPC call can turn that mode on later. The ten dev accounts are unlocked.
 */
export function anvilCommand({
  network,
  port,
  chainId,
  genesisTimestamp,
  stateFile,
}: AnvilParameters): string[] {
  return [
    anvilBinary(),
    ...(network === 'tempo' ? ['--network', 'tempo'] : []),
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--mixed-mining', '--block-time', '1'],
    ...(chainId === undefined ? [] : ['--chain-id', String(chainId)]),
    ...(genesisTimestamp === undefined ? [] : ['--timestamp', String(genesisTimestamp)]),
    ...(stateFile === undefined ? [] : ['--load-state', stateFile]),
    // Old states would be written to ~/.foundry and stay there after a kill. Blocks and logs are all kept.
    ...['--prune-history', '256'],
    // Three of the history's transactions share a block, each with ample gas.
    ...['--gas-limit', '100000000', '--quiet'],
  ];
}
