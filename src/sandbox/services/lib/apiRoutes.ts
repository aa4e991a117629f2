import type { Pool } from 'pg';
import type { Rpc } from '../../chain/rpc.ts';
import { wordsOf } from './log.ts';
import { readPair } from './protocolAbi.ts';

export interface ApiSources {
  readonly rpc: Rpc;
  readonly database: Pool;
  readonly chainId: number;
  readonly riskController: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

type Route = (sources: ApiSources, names: readonly string[], query: URLSearchParams) => Promise<ApiAnswer>;

/** Paths with their handlers; parentheses catch the names that a handler is given. */
const routes: readonly (readonly [RegExp, Route])[] = [
  [/^\/health$/, health],
  [/^\/ready$/, ready],
  [/^\/api\/v1\/stats$/, stats],
  [/^\/api\/v1\/risk\/([^/]+)\/status$/, riskStatus],
  [/^\/api\/v1\/strategy\/([^/]+)\/orders\/([^/]+)$/, orders],
];

export async function answerApi(sources: ApiSources, url: URL): Promise<ApiAnswer> {
  for (const [pattern, route] of routes) {
    const match = pattern.exec(url.pathname);
    if (match !== null) return route(sources, match.slice(1), url.searchParams);
  }
  return { status: 404, body: { detail: 'Not Found' } };
}

/** Degraded, and still 200, when the node is away. */
async function health({ rpc, chainId }: ApiSources): Promise<ApiAnswer> {
  const head = await rpc('eth_blockNumber', []).then(Number, () => null);
  return {
    status: 200,
    body: {
      status: head === null ? 'degraded' : 'healthy',
      service: 'tempovault-api',
      chain_id: chainId,
      latest_block: head,
      timestamp: new Date().toISOString(),
    },
  };
}

async function ready({ rpc, database }: ApiSources): Promise<ApiAnswer> {
  const [node, query] = await Promise.allSettled([rpc('eth_blockNumber', []), database.query('SELECT 1')]);
  const checks = {
    rpc: node.status === 'fulfilled',
    database: query.status === 'fulfilled',
    ...(node.status === 'rejected' ? { rpc_error: wordsOf(node.reason) } : {}),
    ...(query.status === 'rejected' ? { database_error: wordsOf(query.reason) } : {}),
  };
  if (checks.rpc && checks.database) return { status: 200, body: { ready: true, checks } };
  return { status: 503, body: { detail: { ready: false, checks } } };
}

/** How much is indexed, from whichever form of the schema is there. */
async function stats({ database }: ApiSources): Promise<ApiAnswer> {
  const { rows } = await database.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const count = await database.query<{ count: string }>(`SELECT count(*) FROM "${name}"`);
    counts[name] = Number(count.rows[0]?.count ?? 0);
  }
  const { indexer_state: cursorRows, ...tables } = counts;
  const cursor =
    cursorRows === 1
      ? await database.query<{ block: string }>('SELECT last_indexed_block AS block FROM indexer_state')
      : undefined;
  return {
    status: 200,
    body: { tables, last_indexed_block: cursor?.rows[0] === undefined ? null : Number(cursor.rows[0].block) },
  };
}

/** The deployed build answers with the breaker alone; the runbook's adds the last signal. */
async function riskStatus(
  { rpc, riskController }: ApiSources,
  names: readonly string[],
  query: URLSearchParams,
): Promise<ApiAnswer> {
  const pair = names[0] ?? '';
  const controller = query.get('risk_controller_address') ?? riskController;
  if (!isPair(pair)) return malformed('pair_id');
  if (!isAddress(controller)) return malformed('risk_controller_address');
  try {
    return {
      status: 200,
      body: { pair_id: pair, circuit_broken: await readPair(rpc, controller, 'pairCircuitBroken', pair) },
    };
  } catch {
    // Not the deployed generation, or not there at all: the next call shows which.
  }
  try {
    const broken = await readPair(rpc, controller, 'circuitBroken', pair);
    const signal = (await readPair(rpc, controller, 'latestSignals', pair)) as readonly [number, ...bigint[]];
    const [, deviation, depthBid, depthAsk, timestamp] = signal.map(String);
    const body = {
      pair_id: pair,
      circuit_broken: broken,
      peg_deviation: deviation,
      orderbook_depth_bid: depthBid,
      orderbook_depth_ask: depthAsk,
      last_update: Number(timestamp),
    };
    return { status: 200, body };
  } catch (error) {
    return { status: 500, body: { detail: wordsOf(error) } };
  }
}

/** Always empty, as in the deployed build, which queries no source. */
async function orders(_sources: ApiSources, names: readonly string[]): Promise<ApiAnswer> {
  const [strategy = '', pair = ''] = names;
  if (!isAddress(strategy)) return malformed('strategy_address');
  if (!isPair(pair)) return malformed('pair_id');
  return { status: 200, body: { strategy, pair_id: pair, count: 0, orders: [] } };
}

function malformed(name: string): ApiAnswer {
  return { status: 422, body: { detail: [{ loc: [name], msg: 'malformed', type: 'value_error' }] } };
}

function isPair(text: string): text is `0x${string}` {
  return /^0x[0-9a-fA-F]{64}$/.test(text);
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{40}$/.test(text);
}
