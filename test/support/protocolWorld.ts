import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { pairId } from '../../src/chain/pairs/pair.ts';
import type { Address, SignerRole } from '../../src/config/settings.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Generation } from '../../src/sandbox/chain/deployment.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { keyRoles, keystoreText } from '../../src/sandbox/units/keyFiles.ts';
import { type ProtocolChain, protocolChain } from './protocolChain.ts';
import { sourceLimitMs, type TvHome, type TvOptions, tvHome } from './sandbox.ts';

/** The password of every keystore of a test world. */
export const keyPassword = 'zoqvex-brimful-47-kyatu';

/**
 * The built tv on a real chain with the protocol, and nothing else: no host, no database. Its
 * environment counts as a sandbox, so that tv can be killed at its failpoints.
 */
export interface ProtocolWorld extends AsyncDisposable {
  readonly name: string;
  readonly network: Network;
  readonly generation: Generation;
  readonly protocol: ProtocolChain;
  readonly home: TvHome;
  /** The names of the pairs in the settings. */
  readonly pairs: readonly string[];
  /** Who may trip and reset breakers here. */
  readonly officer: Address;
  /** Adds another environment, with some settings changed. */
  environment(name: string, changes: Readonly<Record<string, unknown>>): void;
  tv(args: readonly string[], options?: TvOptions): Promise<CommandOutput>;
  /** How commands begin in the advice of `tv`: typed so, they work here. */
  readonly typed: string;
}

export const environmentName = 'drill';

export async function protocolWorld(
  network: Network,
  generation: Generation,
  holders?: 'one' | 'separate',
): Promise<ProtocolWorld> {
  const [protocol, home] = await Promise.all([protocolChain(network, generation, holders), tvHome()]);
  const keys = join(home.directory, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  const secret = (name: string, text: string) => {
    const path = join(keys, name);
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    return path;
  };
  const passwordFile = secret('password', `${keyPassword}\n`);
  const signers: Partial<Record<SignerRole, object>> = {};
  for (const role of keyRoles) {
    const key = devPrivateKey(protocol.deployment.accounts[role].index);
    const keystore = secret(`${role}.json`, await keystoreText(key, keyPassword));
    signers[role] = { keystore, passwordFile };
  }
  const { deployment } = protocol;
  const names = ['Alpha', 'Beta', 'Theta'];
  const base = {
    sandbox: true,
    chain: { id: deployment.chainId, rpcUrls: [protocol.url], timeoutMs: 5_000 },
    contracts: deployment.addresses,
    signers,
    pairs: Object.fromEntries(
      deployment.pairs.map(({ id, tokenA, tokenB }, index) => [
        names[index],
        id === pairId(tokenA, tokenB) ? [tokenA, tokenB] : id,
      ]),
    ),
    host: { envFile: join(home.directory, 'no.env') },
    monitor: { limitMs: sourceLimitMs },
    stateDirectory: join(home.directory, 'state'),
  };
  const environments: Record<string, unknown> = { [environmentName]: base };
  const config = join(home.directory, 'tv.yaml');
  const write = () =>
    writeFileSync(config, stringify({ default: environmentName, environments }), { mode: 0o600 });
  write();
  return {
    name: `${network}, ${generation}`,
    network,
    generation,
    protocol,
    home,
    pairs: names.slice(0, deployment.pairs.length),
    officer: deployment.accounts[generation === 'runbook' ? 'admin' : 'riskOfficer'].address,
    environment: (name, changes) => {
      environments[name] = { ...base, ...changes };
      write();
    },
    tv: (args, options = {}) => home.tv([...args, '--config', config], options),
    typed: `tv --config ${config}`,
    [Symbol.asyncDispose]: async () => {
      await home[Symbol.asyncDispose]();
      await protocol[Symbol.asyncDispose]();
    },
  };
}
