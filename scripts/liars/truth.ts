// What is so, read past tv: JSON-RPC to the chain itself, SQL to the database of the services, systemctl and ps in
// the sandbox.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { decodeAbiParameters, encodeFunctionData, parseAbi } from 'viem';
import type { Deployment } from '../../src/sandbox/chain/deployment.ts';

/** What the claims of a screen are compared with. */
export interface Truth {
  readonly paused: boolean;
  /** Names of the pairs whose breaker is open. */
  readonly open: readonly string[];
  /** Whether the account of the relay holds ORACLE. */
  readonly oracleHolds: boolean;
  /** How many accounts hold ORACLE. */
  readonly holders: number;
  readonly active: Readonly<Record<ServiceName, boolean>>;
  /** Processes that run the program, in the unit or outside. */
  readonly processes: Readonly<Record<'indexer' | 'oracle', number>>;
  /** Events that the database lacks. */
  readonly missingRows: number;
  /** Since the newest signal, in seconds. */
  readonly signalAge: number;
  /** From the indexer's cursor to the head, in blocks. */
  readonly lag: number;
  /** Whether every file of the backups under the configured folder is the one of its manifest. */
  readonly backupsSound: boolean;
}

type ServiceName = 'api' | 'indexer' | 'oracle';

/** What is read, and where. */
export interface Sources {
  /** The chain, not the proxy in front of it. */
  readonly chain: string;
  readonly database: Client;
  readonly deployment: Deployment;
  /** The sandbox's `bin/inside`. */
  readonly inside: string;
  /** Events that were taken out of the database, as `hash:index`. */
  readonly lost: readonly string[];
  readonly backupsSound: boolean;
}

const abi = parseAbi([
  'function paused() view returns (bool)',
  'function pairCircuitBroken(bytes32) view returns (bool)',
  'function ORACLE_ROLE() view returns (bytes32)',
  'function hasRole(bytes32,address) view returns (bool)',
  'function getRoleMemberCount(bytes32) view returns (uint256)',
]);

const run = promisify(execFile);

/** @throws where a source does not answer: without the truth there is nothing to judge by */
export async function readTruth(sources: Sources): Promise<Truth> {
  const { chain, database, deployment } = sources;
  const { riskController, governanceRoles } = deployment.addresses;
  const call = async (to: string, functionName: string, ...args: readonly unknown[]): Promise<bigint> => {
    const data = encodeFunctionData({ abi, functionName, args } as never);
    const answer = await rpc(chain, 'eth_call', [{ to, data }, 'latest']);
    return decodeAbiParameters([{ type: 'uint256' }], answer as `0x${string}`)[0];
  };
  const role = `0x${(await call(governanceRoles, 'ORACLE_ROLE')).toString(16).padStart(64, '0')}`;
  const broken = await Promise.all(
    deployment.pairs.map(async ({ id }) => (await call(riskController, 'pairCircuitBroken', id)) === 1n),
  );
  const head = Number(await rpc(chain, 'eth_blockNumber', []));
  const one = async (sql: string, values: readonly unknown[] = []) =>
    Number(Object.values((await database.query(sql, [...values])).rows[0] ?? {})[0]);
  const states = await systemctl(sources.inside);
  return {
    paused: (await call(riskController, 'paused')) === 1n,
    open: broken.flatMap((isOpen, at) => (isOpen ? [pairName(deployment, at)] : [])),
    oracleHolds: (await call(governanceRoles, 'hasRole', role, deployment.accounts.oracle.address)) === 1n,
    holders: Number(await call(governanceRoles, 'getRoleMemberCount', role)),
    active: states,
    processes: await processesOf(sources.inside),
    missingRows:
      sources.lost.length -
      (await one(`SELECT count(*) FROM events WHERE transaction_hash || ':' || log_index = ANY($1)`, [
        sources.lost,
      ])),
    signalAge: await one(
      `SELECT extract(epoch FROM now() AT TIME ZONE 'UTC' - max(block_timestamp)) FROM events WHERE event_type = 'OracleSignalUpdated'`,
    ),
    lag: head - (await one('SELECT last_indexed_block FROM indexer_state')),
    backupsSound: sources.backupsSound,
  };
}

function pairName({ pairs, tokens }: Deployment, at: number): string {
  const pair = pairs[at];
  const symbol = (address: string | undefined) =>
    tokens.find((token) => token.address.toLowerCase() === address?.toLowerCase())?.symbol;
  return `${symbol(pair?.tokenA)}-${symbol(pair?.tokenB)}`;
}

/** One call to a node. @throws where it answers with an error */
export async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

async function systemctl(inside: string): Promise<Truth['active']> {
  const names = ['api', 'indexer', 'oracle'] as const;
  const units = names.map((name) => `tempovault-${name}`);
  const { stdout } = await run(inside, ['systemctl', 'show', '--property=ActiveState', '--value', ...units]);
  const states = stdout.split('\n').filter((line) => line !== '');
  const is = (at: number) => states[at] === 'active';
  return { api: is(0), indexer: is(1), oracle: is(2) };
}

async function processesOf(inside: string): Promise<Truth['processes']> {
  const { stdout } = await run(inside, ['ps', '-eo', 'args=']);
  const count = (script: string) =>
    stdout.split('\n').filter((line) => new RegExp(`^\\S*(node|python3?)\\b.*/${script}\\.`).test(line))
      .length;
  return { indexer: count('event_indexer'), oracle: count('oracle_relay') };
}
