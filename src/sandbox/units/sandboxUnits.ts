import { join } from 'node:path';
import type { DeployedPair } from '../chain/deployment.ts';
import type { ServiceUser } from '../machine/serviceUser.ts';
import { nodeInside, unitPath } from '../machine/startMachine.ts';
import type { SandboxPaths } from '../paths.ts';
import type { IndexerForm } from '../services/lib/decodeLog.ts';
import type { SandboxUnit } from './unitText.ts';

export interface UnitsParameters {
  readonly user: ServiceUser;
  /** As the units see them. */
  readonly chainCommand: readonly string[];
  readonly databaseCommand: readonly string[];
  readonly ports: { readonly chain: number; readonly rpc: number };
  readonly indexer: IndexerForm;
  /** On the relay's command line; empty until the contracts are deployed. */
  readonly pairs: readonly DeployedPair[];
}

/** On the relay's command line. Short, so that whoever practises need not wait. In seconds. */
const relayIntervalSeconds = 5;

/** All units of a sandbox: what a TempoVault depends on, and TempoVault itself. */
export function sandboxUnits(
  paths: SandboxPaths,
  { user, chainCommand, databaseCommand, ports, indexer, pairs }: UnitsParameters,
): readonly SandboxUnit[] {
  const at = (path: string) => unitPath(paths, path);
  const node = (program: string) => [...nodeInside(), at(join(paths.programs, `${program}.js`))];
  const common = { user: user.name };
  const service = (
    name: string,
    description: string,
    program: string,
    environment: Readonly<Record<string, string>> = {},
    words: readonly string[] = [],
  ): SandboxUnit => ({
    ...common,
    name,
    description,
    command: [...node(program), ...words],
    workingDirectory: at(paths.tempovault),
    environmentFile: paths.envFile,
    environment: { NODE_ENV: 'production', ...environment },
    after: ['sandbox-database', 'sandbox-rpc'],
    restart: 'on-failure',
  });
  return [
    {
      ...common,
      name: 'sandbox-chain',
      description: 'Sandbox: the chain (anvil)',
      command: chainCommand,
      workingDirectory: at(paths.chain),
      // anvil keeps its caches below HOME.
      environment: { HOME: at(paths.chain) },
      restart: 'no',
    },
    {
      ...common,
      name: 'sandbox-rpc',
      description: 'Sandbox: the RPC node in front of the chain',
      command: node('rpc_proxy'),
      workingDirectory: at(paths.chain),
      environment: {
        RPC_PROXY_PORT: String(ports.rpc),
        RPC_UPSTREAM: `http://127.0.0.1:${ports.chain}`,
        FAULTS_FILE: at(paths.faults),
      },
      after: ['sandbox-chain'],
      restart: 'on-failure',
    },
    {
      ...common,
      name: 'sandbox-database',
      description: 'Sandbox: PostgreSQL',
      command: databaseCommand,
      workingDirectory: at(paths.postgres),
      restart: 'on-failure',
      stopSignal: 'SIGINT',
    },
    service('tempovault-api', 'TempoVault API', 'api_server'),
    service('tempovault-indexer', 'TempoVault event indexer', 'event_indexer', { INDEXER_FORM: indexer }),
    service('tempovault-oracle', 'TempoVault oracle relay', 'oracle_relay', {}, [
      ...pairs.flatMap(({ id, tokenA, tokenB }) => [id, tokenA, tokenB]),
      String(relayIntervalSeconds),
    ]),
  ];
}
