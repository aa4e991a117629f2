import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import { installLine } from '../machine/programs.ts';

export type Network = 'tempo' | 'plain';

export interface AnvilParameters {
  readonly network: Network;
  readonly port: number;
  /** Default: anvil's own, 31337. */
  readonly chainId?: number;
  /** Unix time of block 0, in seconds; default now. Leave room for `writeHistory`: `historyGenesis()`. */
  readonly genesisTimestamp?: number;
  /** A file with a chain's past, as `keepPast` writes it, from which this one continues. */
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

/**
 * Path of anvil's own executable, from the platform package that `@foundry-rs/anvil` depends on. The
 * wrapper's launcher is passed over: it would be a second process between us and the chain.
 *
 * @throws TvError where the package is not installed (only the sandbox needs it, so an installation of tv does not bring it) or has no build for this platform
 */
export function anvilBinary(platform: string = process.platform, arch: string = process.arch): string {
  const suffix = `${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const name = platform === 'win32' ? 'anvil.exe' : 'anvil';
  const packaged = packagedAnvil(createRequire(import.meta.url), suffix, name);
  if (packaged !== undefined) return packaged;
  // A standalone executable has no folder of packages around it.
  const onPath = isSea() ? anvilOnPath(suffix, name) : undefined;
  if (onPath !== undefined) return onPath;
  throw new TvError('sandbox.needs-program', 'The sandbox needs anvil, and it is not installed.', {
    facts: { package: '@foundry-rs/anvil', platform: suffix },
    next: onThisMachine(installLine('@foundry-rs/anvil'), isSea() ? undefined : 'install it beside tv'),
  });
}

function packagedAnvil(require: NodeJS.Require, suffix: string, name: string): string | undefined {
  try {
    // The platform package may be nested in the wrapper's folder, so it is looked up from there.
    const wrapper = createRequire(require.resolve('@foundry-rs/anvil/package.json'));
    const path = join(dirname(wrapper.resolve(`@foundry-rs/anvil-${suffix}/package.json`)), 'bin', name);
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

/** anvil itself, or what the launcher of the npm package would start. */
function anvilOnPath(suffix: string, name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(':').filter((each) => each.startsWith('/'))) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    const path = realpathSync(file);
    const packaged = packagedAnvil(createRequire(path), suffix, name);
    if (packaged !== undefined) return packaged;
    if (!/\.(js|mjs|cjs)$/.test(path)) return path;
  }
  return undefined;
}
