import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Address } from '../../src/config/settings.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import type { SchemaForm } from '../../src/sandbox/postgres/createDatabase.ts';
import { type Faults, writeFaults } from '../../src/sandbox/services/faults.ts';
import { eventTables } from '../../src/sandbox/services/lib/protocolEvents.ts';
import { type AnvilNode, anvilNode } from './anvilNode.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { deployEventSource, type EventSource } from './eventSource.ts';
import { buildPrograms, type Program, startProgram } from './programs.ts';

/** A chain with history, an empty database, the RPC proxy, and the programs, ready to be started. */
export interface IndexerBench extends AsyncDisposable {
  readonly node: AnvilNode;
  readonly cluster: Cluster;
  readonly databaseUrl: string;
  readonly proxyUrl: string;
  readonly addresses: readonly Address[];
  readonly source: EventSource;
  /** Blocks with events, in order; several empty ones lie between any two. */
  readonly eventBlocks: readonly number[];
  head(): Promise<number>;
  breakRpc(...faults: Faults): void;
  startIndexer(settings?: {
    readonly START_BLOCK?: number;
    readonly RPC_URL?: string;
    readonly INDEXER_FORM?: 'lossy';
  }): Program;
  query<R extends object>(text: string): Promise<R[]>;
  /** Empties every table. */
  clear(): Promise<void>;
  /** Every row of every event table by its event, without surrogate ids and indexing times. */
  snapshot(): Promise<Readonly<Record<string, readonly object[]>>>;
}

const unused = '0x00000000000000000000000000000000000000ee';

export async function indexerBench(form: SchemaForm): Promise<IndexerBench> {
  const directory = await mkdtemp(join(tmpdir(), 'tv-programs-'));
  const faultsFile = join(directory, 'faults.json');
  const [cluster, node] = await Promise.all([
    startCluster(),
    anvilNode('ethereum'),
    buildPrograms(directory, 'event_indexer', 'rpc_proxy'),
  ]);
  const databaseUrl = await cluster.create(form);
  const source = await deployEventSource(node.url);
  const stranger = await deployEventSource(node.url);
  const eventBlocks: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    eventBlocks.push(await source.emitAll(seed));
    await stranger.emitAll(seed);
    await node.call('anvil_mine', ['0x4']);
  }
  const [port = 0] = await freePorts(1);
  const proxyUrl = `http://127.0.0.1:${port}`;
  const proxy = startProgram(directory, 'rpc_proxy', {
    RPC_PROXY_PORT: port,
    RPC_UPSTREAM: node.url,
    FAULTS_FILE: faultsFile,
  });
  await proxy.line(/Listening on/);
  const client = new Client({ connectionString: databaseUrl, application_name: 'bench' });
  await client.connect();
  const tables = [...eventTables.keys()];

  const query: IndexerBench['query'] = async <R extends object>(text: string) =>
    (await client.query<R>(text)).rows;
  return {
    node,
    cluster,
    databaseUrl,
    proxyUrl,
    addresses: [unused, unused, source.address, unused],
    source,
    eventBlocks,
    head: async () => Number(await node.call('eth_blockNumber')),
    breakRpc: (...faults) => writeFaults(faultsFile, faults),
    startIndexer: (settings = {}) =>
      startProgram(directory, 'event_indexer', {
        RPC_URL: proxyUrl,
        INDEXER_DB_URL: databaseUrl,
        GOVERNANCE_ROLES_ADDRESS: unused,
        RISK_CONTROLLER_ADDRESS: unused,
        TREASURY_VAULT_ADDRESS: source.address,
        DEX_STRATEGY_ADDRESS: unused,
        START_BLOCK: 0,
        POLL_INTERVAL: 0.1,
        ...settings,
      }),
    query,
    async clear() {
      const all = form === 'deployed' ? [...tables, 'events', 'indexer_state'] : tables;
      await query(`TRUNCATE ${all.join(', ')}`);
    },
    async snapshot() {
      const result: Record<string, readonly object[]> = {};
      if (form === 'deployed') {
        result['events'] = await query(
          "SELECT to_jsonb(e) - 'id' - 'indexed_at' AS row FROM events e ORDER BY block_number, log_index",
        );
      }
      for (const table of tables) {
        result[table] = await query(
          form === 'deployed'
            ? `SELECT to_jsonb(t) - 'id' - 'event_id' AS row, block_number, transaction_hash, log_index
               FROM ${table} t JOIN events e ON e.id = t.event_id ORDER BY block_number, log_index`
            : `SELECT to_jsonb(t) - 'id' AS row FROM ${table} t ORDER BY block_number, log_index`,
        );
      }
      return result;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await proxy[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}
