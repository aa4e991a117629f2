import { chmodSync, chownSync, copyFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors/TvError.ts';
import { awaitReady, readProgress } from './awaitReady.ts';
import { anvilCommand, type Network } from './chain/anvilCommand.ts';
import { findPast, type KeptPast, keepPast, type Past } from './chain/chainSnapshot.ts';
import type { Deployment, Generation } from './chain/deployment.ts';
import { deployProtocol } from './chain/deployProtocol.ts';
import { devPrivateKey } from './chain/devAccounts.ts';
import { rpc } from './chain/rpc.ts';
import { historyGenesis, type WriteHistoryParameters, writeHistory } from './chain/writeHistory.ts';
import { freePorts } from './machine/freePorts.ts';
import { copyPrograms } from './machine/programs.ts';
import { runInside, startUnits } from './machine/runInside.ts';
import { type ServiceUser, serviceUser } from './machine/serviceUser.ts';
import { type Machine, startMachine, toolPath, unitPath } from './machine/startMachine.ts';
import { until } from './machine/until.ts';
import { dataDirectory, makeDatabase, serverInside, startServer } from './makeDatabase.ts';
import { chooseAccess, writePasswords } from './passwords.ts';
import type { SandboxPaths, SandboxPlace } from './paths.ts';
import { findCluster, keepCluster } from './postgres/clusterSnapshot.ts';
import type { SchemaForm } from './postgres/createDatabase.ts';
import { fillDatabase } from './postgres/fillDatabase.ts';
import { findServer, type PostgresServer } from './postgres/findServer.ts';
import { postgresCommand } from './postgres/postgresCommand.ts';
import { writeFaults } from './services/faults.ts';
import type { IndexerForm } from './services/lib/decodeLog.ts';
import { type Ports, type SandboxState, writeState } from './state.ts';
import { configFileText } from './units/configFile.ts';
import { envFileText } from './units/envFile.ts';
import { writeKeyFiles } from './units/keyFiles.ts';
import { sandboxUnits } from './units/sandboxUnits.ts';
import { unitText } from './units/unitText.ts';

export interface UpOptions extends SandboxPlace {
  readonly network?: Network | undefined;
  readonly contracts?: Generation | undefined;
  readonly schema?: SchemaForm | undefined;
  readonly indexer?: IndexerForm | undefined;
  /** Of the role `tempovault`: one of the sandbox's own, or `tempovault`, as the `.env.example` ships it. */
  readonly password?: 'generated' | 'shipped' | undefined;
  /** How long the past of the chain is. */
  readonly history?: WriteHistoryParameters | undefined;
  /**
   * A folder that keeps pasts of chains, and databases with their events. One that is there already is
   * gone on from, up to the time that has gone by since; otherwise it is made as ever, and kept there. One folder
   * holds pasts of one length.
   */
  readonly pasts?: string | undefined;
}

export type Tell = (line: string) => void;

/** Makes everything in a directory that has been claimed. Leaves it half made where it fails. */
export async function buildSandbox(
  paths: SandboxPaths,
  options: UpOptions & { readonly name: string },
  tell: Tell,
  signal: AbortSignal,
): Promise<SandboxState> {
  const began = performance.now();
  const { name, network = 'tempo', contracts = 'full', schema = 'deployed' } = options;
  const { indexer = 'complete' } = options;
  if (indexer === 'lossy' && schema === 'runbook') {
    throw new UsageError('usage.conflicting-flags', 'The lossy indexer needs the deployed schema.', {
      next: { tv: ['sandbox', 'up', '--schema', 'deployed', '--indexer', 'lossy'] },
    });
  }
  const form = { network, contracts, schema, indexer };
  const user = serviceUser();
  const server = await findServer();
  const ports = await choosePorts();
  const { pasts, history = {} } = options;
  const past = pasts === undefined ? undefined : findPast(pasts, form);
  // Its rows are those of that past.
  const kept = pasts === undefined || past === undefined ? undefined : await findCluster(pasts, form);
  const access = chooseAccess(ports.database, options.password === 'shipped');
  const { url: databaseUrl } = access;

  copyPrograms(paths);
  writeFaults(paths.faults, []);
  writePasswords(paths, access);
  for (const directory of [paths.postgres, paths.chain, paths.backup]) own(directory, user);
  if (past !== undefined) copyFileSync(past.stateFile, pastFile(paths));
  const chainCommand = commandOfChain(paths, { network, ports, past, history });
  const unitsParameters = { user, server, ports, chainCommand, indexer };
  writeUnits(paths, { ...unitsParameters, pairs: [] });
  signal.throwIfAborted();
  const machine = await startMachine(paths, {
    postgresBin: server.binDirectory,
    tools: [process.execPath, chainCommand[0] ?? '', dirname(server.binDirectory)],
  });
  tell(`systemd, private, process ${machine.init.pid}`);

  /** All that needs the contracts, and no database yet. Each program of the services is slow to start. */
  const startServices = async ({ deployment, lastBlock }: Past) => {
    writeEnvFile(paths, {
      user,
      text: envFileText({
        rpcUrl: `http://127.0.0.1:${ports.rpc}`,
        deployment,
        databaseUrl,
        oracleKey: devPrivateKey(deployment.accounts.oracle.index),
        apiPort: ports.api,
        // Without a cursor in the database the indexer starts here.
        startBlock: schema === 'deployed' ? deployment.block : lastBlock,
      }),
    });
    const facts = {
      name,
      dir: paths.dir,
      network,
      contracts,
      databaseSchema: schema,
      machine,
      ports,
      deployment,
    };
    await writeKeyFiles(paths, deployment);
    writeFileSync(paths.config, configFileText(paths, facts), { mode: 0o600 });
    // The relay's command line names the pairs, which are known only now.
    writeUnits(paths, { ...unitsParameters, pairs: deployment.pairs });
    await runInside(machine, ['systemctl', 'daemon-reload']);
    await startUnits(machine, ['tempovault-api', 'tempovault-oracle']);
    return { ...facts, lastBlock };
  };
  const [{ lastBlock, ...facts }] = await Promise.all([
    makeChain({ machine, ports, ...form, past, pasts, history, tell, signal }).then(startServices),
    makeDatabase(paths, { machine, server, user, access, form: schema, kept, signal }),
  ]);
  signal.throwIfAborted();
  const { events } =
    kept ??
    (await fillDatabase({
      databaseUrl,
      rpcUrl: chainUrl(ports),
      // What follows is left to the indexer.
      lastBlock,
      addresses: Object.values(facts.deployment.addresses),
      indexer,
    }));
  tell(`database on port ${ports.database}, ${events} events up to block ${lastBlock}`);
  if (pasts !== undefined && past !== undefined && kept === undefined) {
    await runInside(machine, ['systemctl', 'stop', 'sandbox-database']);
    const { superuserPassword } = access;
    await keepCluster(pasts, form, { superuserPassword, dataDirectory: dataDirectory(paths), events });
    await startServer({ machine, access, signal });
  }
  signal.throwIfAborted();
  const before = await readProgress(databaseUrl, indexer);
  await startUnits(machine, ['tempovault-indexer']);
  await awaitReady({ apiUrl: `http://127.0.0.1:${ports.api}`, databaseUrl, indexer, before, signal });
  tell(`TempoVault's API on port ${ports.api}, indexer at the head, oracle relay running`);

  const state = { ...facts, seconds: Math.round((performance.now() - began) / 100) / 10 };
  writeState(paths, state);
  return state;
}

async function choosePorts(): Promise<Ports> {
  const [chain = 0, rpcPort = 0, database = 0, api = 0] = await freePorts(4);
  return { chain, rpc: rpcPort, database, api };
}

function chainUrl({ chain }: Ports): string {
  return `http://127.0.0.1:${chain}`;
}

/** A copy of its own: the folder of pasts may go before the sandbox does. */
function pastFile(paths: SandboxPaths): string {
  return join(paths.chain, 'past.json');
}

interface CommandOfChainParameters {
  readonly network: Network;
  readonly ports: Ports;
  readonly past: KeptPast | undefined;
  readonly history: WriteHistoryParameters;
}

function commandOfChain(
  paths: SandboxPaths,
  { network, ports: { chain: port }, past, history }: CommandOfChainParameters,
): readonly string[] {
  return past === undefined
    ? anvilCommand({ network, port, genesisTimestamp: historyGenesis(history.blocks) })
    : anvilCommand({ network, port, stateFile: unitPath(paths, pastFile(paths)) });
}

function own(path: string, { uid, gid }: ServiceUser): void {
  chownSync(path, uid, gid);
}

interface WriteUnitsParameters {
  readonly user: ServiceUser;
  readonly server: PostgresServer;
  readonly ports: Ports;
  readonly chainCommand: readonly string[];
  readonly indexer: IndexerForm;
  readonly pairs: Deployment['pairs'];
}

function writeUnits(
  paths: SandboxPaths,
  { user, server, ports, chainCommand: [anvil = '', ...words], indexer, pairs }: WriteUnitsParameters,
): void {
  const units = sandboxUnits(paths, {
    user,
    chainCommand: [toolPath(anvil), ...words],
    databaseCommand: postgresCommand(serverInside(server), {
      directory: unitPath(paths, dataDirectory(paths)),
    }),
    ports,
    indexer,
    pairs,
  });
  for (const unit of units) writeFileSync(join(paths.units, `${unit.name}.service`), unitText(unit));
}

interface MakeChainParameters {
  readonly machine: Machine;
  readonly ports: Ports;
  readonly network: Network;
  readonly contracts: Generation;
  readonly past: KeptPast | undefined;
  readonly pasts: string | undefined;
  readonly history: WriteHistoryParameters;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

async function makeChain({
  machine,
  ports,
  network,
  contracts,
  past,
  pasts,
  history,
  tell,
  signal,
}: MakeChainParameters): Promise<Past> {
  const url = chainUrl(ports);
  await startUnits(machine, ['sandbox-chain', 'sandbox-rpc']);
  await until(async () => (await rpc(url, 'eth_blockNumber')) !== undefined, {
    limitMs: 15_000,
    what: 'the chain to answer',
    signal,
  });
  signal.throwIfAborted();
  const written = past ?? (await writePast(url, { network, contracts, pasts, history, signal }));
  const { chainId } = written.deployment;
  tell(`chain ${chainId} on port ${ports.chain}, ${network}, contracts as ${contracts}`);
  return written;
}

async function writePast(
  url: string,
  {
    network,
    contracts,
    pasts,
    history,
    signal,
  }: Pick<MakeChainParameters, 'network' | 'contracts' | 'pasts' | 'history' | 'signal'>,
): Promise<Past> {
  const deployment = await deployProtocol(url, { network, contracts });
  signal.throwIfAborted();
  const { lastBlock } = await writeHistory(url, deployment, history);
  const past = { deployment, lastBlock };
  if (pasts !== undefined) await keepPast(pasts, url, past);
  return past;
}

/** As an installer leaves it: readable for the services' group only. */
function writeEnvFile(
  paths: SandboxPaths,
  { user, text }: { readonly user: ServiceUser; readonly text: string },
): void {
  writeFileSync(paths.envFile, text, { mode: 0o640 });
  chmodSync(paths.envFile, 0o640);
  own(paths.envFile, user);
}
