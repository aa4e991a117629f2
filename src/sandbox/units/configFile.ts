import { stringify } from 'yaml';
import { pairId } from '../../chain/pairs/pair.ts';
import { readPassword } from '../passwords.ts';
import type { SandboxPaths } from '../paths.ts';
import type { SandboxState } from '../state.ts';
import { keyFile, keyPasswordFile, keyRoles } from './keyFiles.ts';

/** tv's configuration for the sandbox. The services' database URL, a secret, stays in `.env` alone. */
export function configFileText(
  paths: SandboxPaths,
  { name, machine, ports, deployment }: Pick<SandboxState, 'name' | 'machine' | 'ports' | 'deployment'>,
): string {
  const environment = {
    sandbox: true,
    chain: { id: deployment.chainId, rpcUrls: [`http://127.0.0.1:${ports.rpc}`], timeoutMs: 5_000 },
    contracts: deployment.addresses,
    database: {
      unit: 'sandbox-database',
      adminUrl: `postgresql://postgres:${encodeURIComponent(readPassword(paths, 'postgres'))}@127.0.0.1:${ports.database}/postgres`,
    },
    host: {
      prefix: [...machine.prefix],
      envFile: paths.envFile,
      units: { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' },
      programs: { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' },
    },
    api: { url: `http://127.0.0.1:${ports.api}`, origins: ['https://app.tempovault.example'] },
    backup: { directory: paths.backup },
    signers: Object.fromEntries(
      keyRoles.map((role) => [
        role,
        { keystore: keyFile(paths, role), passwordFile: keyPasswordFile(paths) },
      ]),
    ),
    pairs: namedPairs(deployment),
    withdraw: { recipients: [deployment.accounts.owner.address] },
    stateDirectory: paths.tvState,
  };
  return `# Made by tv sandbox up; goes away with tv sandbox down.\n${stringify({
    default: name,
    environments: { [name]: environment },
  })}`;
}

/** `AlphaUSD-pathUSD: [0x20c0…0001, 0x20c0…0000]`, or by its id where that does not follow from the tokens. */
function namedPairs({
  pairs,
  tokens,
}: SandboxState['deployment']): Record<string, readonly string[] | string> {
  const symbol = (address: string) => tokens.find((token) => token.address === address)?.symbol ?? address;
  return Object.fromEntries(
    pairs.map(({ id, tokenA, tokenB }) => [
      `${symbol(tokenA)}-${symbol(tokenB)}`,
      id === pairId(tokenA, tokenB) ? [tokenA, tokenB] : id,
    ]),
  );
}
