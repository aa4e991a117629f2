import { stringify } from 'yaml';
import type { SandboxPaths } from '../paths.ts';
import type { SandboxState } from '../state.ts';

/** tv's configuration for the sandbox. The database's URL, a secret, stays in `.env` alone. */
export function configFileText(
  paths: SandboxPaths,
  { name, machine, ports, deployment }: Pick<SandboxState, 'name' | 'machine' | 'ports' | 'deployment'>,
): string {
  const environment = {
    sandbox: true,
    chain: { id: deployment.chainId, rpcUrls: [`http://127.0.0.1:${ports.rpc}`], timeoutMs: 5_000 },
    contracts: deployment.addresses,
    host: {
      prefix: [...machine.prefix],
      envFile: paths.envFile,
      units: { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' },
      programs: { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' },
    },
    api: { url: `http://127.0.0.1:${ports.api}` },
    backup: { directory: paths.backup },
    stateDirectory: paths.tvState,
  };
  return `# Made by tv sandbox up; goes away with tv sandbox down.\n${stringify({
    default: name,
    environments: { [name]: environment },
  })}`;
}
