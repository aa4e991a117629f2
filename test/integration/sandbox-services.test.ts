import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anvilCommand } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Deployment } from '../../src/sandbox/chain/deployment.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { rpc, send } from '../../src/sandbox/chain/rpc.ts';
import { riskController } from '../../src/sandbox/contracts/artifacts/deployed/RiskController.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { writeFaults } from '../../src/sandbox/services/faults.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { buildPrograms, type Program, startProgram } from '../support/programs.ts';

let programs: string;
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'tv-programs-'));
  await buildPrograms(programs, 'oracle_relay', 'api_server', 'rpc_proxy');
});
afterAll(() => rm(programs, { recursive: true }));

interface Chain extends AsyncDisposable {
  readonly url: string;
  readonly deployment: Deployment;
}

async function startChain(network: 'tempo' | 'plain', contracts: 'full' | 'runbook'): Promise<Chain> {
  const [port = 0] = await freePorts(1);
  const [program = '', ...rest] = anvilCommand({
    network,
    port,
    // As in the sandbox, the chain's clock is not the machine's.
    genesisTimestamp: Math.floor(Date.now() / 1000) - 3_600,
  });
  const child = spawn(program, rest, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(() => rpc(url, 'eth_chainId').then(() => true), { limitMs: 20_000, what: 'anvil' });
    return { url, deployment: await deployProtocol(url, { network, contracts }), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The `.env` of a deployment, as far as it concerns the chain. */
function environment({ chainId, addresses }: Deployment, rpcUrl: string) {
  return {
    RPC_URL: rpcUrl,
    CHAIN_ID: chainId,
    GOVERNANCE_ROLES_ADDRESS: addresses.governanceRoles,
    RISK_CONTROLLER_ADDRESS: addresses.riskController,
    TREASURY_VAULT_ADDRESS: addresses.treasuryVault,
    DEX_STRATEGY_ADDRESS: addresses.dexStrategy,
    ORACLE_PRIVATE_KEY: devPrivateKey(5),
    // The relay's command line outranks it.
    ORACLE_UPDATE_INTERVAL: 3_600,
    PYTHONUNBUFFERED: 1,
  };
}

/** The relay's command line: every pair with its tokens, and the seconds between two rounds. */
function words({ pairs }: Deployment, interval = 1): readonly string[] {
  return [...pairs.flatMap(({ id, tokenA, tokenB }) => [id, tokenA, tokenB]), String(interval)];
}

async function nonceOf({ url, deployment }: Chain, pair: `0x${string}`): Promise<bigint> {
  const read = { abi: riskController.abi, functionName: 'oracleNonces' } as const;
  const to = deployment.addresses.riskController;
  const data = await rpc<`0x${string}`>(url, 'eth_call', [
    { to, data: encodeFunctionData({ ...read, args: [pair] }) },
  ]);
  return decodeFunctionResult({ ...read, data });
}

/** Senders and types of the transactions that updated signals. */
async function updates({ url, deployment }: Chain) {
  const address = deployment.addresses.riskController;
  const logs = await rpc<{ transactionHash: string }[]>(url, 'eth_getLogs', [{ address, fromBlock: '0x0' }]);
  const hashes = [...new Set(logs.map(({ transactionHash }) => transactionHash))];
  const all = await Promise.all(
    hashes.map((hash) =>
      rpc<{ from: string; type: string; feeToken?: string }>(url, 'eth_getTransactionByHash', [hash]),
    ),
  );
  return all.filter(({ from }) => from === deployment.accounts.oracle.address.toLowerCase());
}

describe('the oracle relay', () => {
  it('updates every pair of its command line on Tempo, at once and again, paying in the token named', async () => {
    await using chain = await startChain('tempo', 'full');
    const { deployment, url } = chain;
    const feeToken = deployment.tokens[0]?.address ?? '';
    await using relay = startProgram(
      programs,
      'oracle_relay',
      { ...environment(deployment, url), FEE_TOKEN: feeToken },
      words(deployment),
    );
    await relay.line(/^✓ Oracle signal accepted\. Nonce: 1$/);
    await relay.line(/^✓ Oracle signal accepted\. Nonce: 2$/);
    for (const { id } of deployment.pairs) expect(await nonceOf(chain, id)).toBeGreaterThanOrEqual(1n);
    const sent = await updates(chain);
    expect(sent.length).toBeGreaterThan(deployment.pairs.length);
    for (const transaction of sent) {
      expect(transaction).toMatchObject({ type: '0x76', feeToken: feeToken.toLowerCase() });
    }
    const { exitCode, durationMs } = await relay.stop();
    expect([exitCode, durationMs < 4_000]).toEqual([0, true]);
  });

  it("says the runbook's words on the runbook's contracts, and nothing at once into a pipe", async () => {
    await using chain = await startChain('plain', 'runbook');
    const { deployment, url } = chain;
    const { PYTHONUNBUFFERED: _, ...buffered } = environment(deployment, url);
    await using relay = startProgram(programs, 'oracle_relay', buffered, words(deployment));
    const [pair] = deployment.pairs;
    if (pair === undefined) throw new Error('no pair');
    await until(async () => (await nonceOf(chain, pair.id)) >= 2n, {
      limitMs: 20_000,
      what: 'a second signal',
    });
    // A block of output is not full yet, and is lost with the process.
    await relay.stop();
    expect(relay.output()).not.toMatch(/Oracle/);
    await using told = startProgram(
      programs,
      'oracle_relay',
      environment(deployment, url),
      words(deployment),
    );
    await told.line(/^Oracle signal submitted successfully$/);
  });

  it('pays for signals that the contract refuses, and reports a failed call as a traceback', async () => {
    await using chain = await startChain('tempo', 'full');
    const { deployment, url } = chain;
    const pause = (on: boolean) =>
      send(url, {
        from: deployment.accounts.emergency.address,
        to: deployment.addresses.riskController,
        data: encodeFunctionData({ abi: riskController.abi, functionName: 'toggleGlobalPause', args: [on] }),
      });
    await pause(true);
    await using relay = startProgram(
      programs,
      'oracle_relay',
      environment(deployment, url),
      words(deployment),
    );
    await relay.line(/^✗ Oracle signal rejected$/);
    expect(await updates(chain)).toEqual([]);
    await pause(false);
    await relay.line(/Oracle signal accepted\. Nonce: 1$/);
    expect(relay.output()).not.toContain('Traceback');

    const [dead = 0] = await freePorts(1);
    await using failing = startProgram(
      programs,
      'oracle_relay',
      environment(deployment, `http://127.0.0.1:${dead}`),
      words(deployment),
    );
    await failing.line(/^ValueError: HTTP request failed\.$/);
    expect(failing.output()).toMatch(
      /^Traceback \(most recent call last\):\n {2}File "\S+\/oracle_relay\.py", line/m,
    );
    for (const { output } of [relay, failing]) expect(output()).not.toContain(devPrivateKey(5).slice(2));
  });

  it('ends with its usage where the command line names no pair', async () => {
    await using chain = await startChain('plain', 'full');
    await using relay = startProgram(programs, 'oracle_relay', environment(chain.deployment, chain.url), [
      '60',
    ]);
    await relay.line(/Usage: oracle_relay <pair_id> <token_a> <token_b> \[interval\]/);
  });
});

describe.each(['deployed', 'runbook'] as const)('the API server on the %s form', (form) => {
  let chain: Chain;
  let cluster: Cluster;
  let proxy: Program;
  let api: Program;
  let url: string;
  const faultsFile = () => join(programs, 'faults.json');

  beforeAll(async () => {
    [chain, cluster] = await Promise.all([
      startChain('plain', form === 'runbook' ? 'runbook' : 'full'),
      startCluster(),
    ]);
    const [proxyPort = 0, apiPort = 0] = await freePorts(2);
    proxy = startProgram(programs, 'rpc_proxy', {
      RPC_PROXY_PORT: proxyPort,
      RPC_UPSTREAM: chain.url,
      FAULTS_FILE: faultsFile(),
    });
    await proxy.line(/Listening on/);
    api = startProgram(programs, 'api_server', {
      ...environment(chain.deployment, `http://127.0.0.1:${proxyPort}`),
      INDEXER_DB_URL: await cluster.create(form),
      API_PORT: apiPort,
      ALLOWED_ORIGINS: 'https://app.example, https://ops.example',
    });
    url = `http://127.0.0.1:${apiPort}`;
    await until(async () => (await fetch(`${url}/health`)).ok, { limitMs: 20_000, what: 'the API' });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it('is healthy, and degraded with status 200 while the node is away', async () => {
    const health = (status: string, block: unknown) => ({
      status: 200,
      body: {
        status,
        service: 'tempovault-api',
        chain_id: 31337,
        latest_block: block,
        timestamp: expect.any(String),
      },
    });
    expect(await get('/health')).toEqual(health('healthy', expect.any(Number)));
    expect(await get('/ready')).toEqual({
      status: 200,
      body: { ready: true, checks: { rpc: true, database: true } },
    });
    writeFaults(faultsFile(), [{ mode: 'rate-limit' }]);
    try {
      expect(await get('/health')).toEqual(health('degraded', null));
      expect(await get('/ready')).toEqual({
        status: 503,
        body: {
          detail: {
            ready: false,
            checks: { rpc: false, database: true, rpc_error: 'HTTP 429 from the RPC node' },
          },
        },
      });
    } finally {
      writeFaults(faultsFile(), []);
    }
  });

  it("returns a pair's breaker and orders", async () => {
    const { addresses, pairs } = chain.deployment;
    const pair = pairs[0]?.id;
    const path = `/api/v1/risk/${pair}/status?risk_controller_address=${addresses.riskController}`;
    const { status, body } = await get(path);
    expect(status).toBe(200);
    if (form === 'deployed') expect(body).toEqual({ pair_id: pair, circuit_broken: false });
    else
      expect(body).toMatchObject({
        pair_id: pair,
        circuit_broken: false,
        peg_deviation: '0',
        last_update: 0,
      });
    expect(await get(`/api/v1/strategy/${addresses.dexStrategy}/orders/${pair}`)).toEqual({
      status: 200,
      body: { strategy: addresses.dexStrategy, pair_id: pair, count: 0, orders: [] },
    });
    expect((await get('/api/v1/risk/0x12/status')).status).toBe(422);
    expect((await get('/api/v1/unknown')).status).toBe(404);
  });

  it('counts what is indexed, lets its own origins in, and has metrics', async () => {
    const { body } = await get('/api/v1/stats');
    // The deployed DDL seeds the row of the cursor; the runbook's leaves the table empty.
    const cursor = form === 'deployed' ? 0 : null;
    expect(body).toMatchObject({ tables: { deposits: 0, oracle_updates: 0 }, last_indexed_block: cursor });
    const from = async (origin: string) =>
      (await fetch(`${url}/health`, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await from('https://ops.example')).toBe('https://ops.example');
    expect(await from('https://evil.example')).toBe(null);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^tempovault_http_requests_total\{status="200"\} [1-9]\d*$/m);
  });

  it('ends on SIGTERM without waiting for anything', async () => {
    const { exitCode, durationMs } = await api.stop();
    expect([exitCode, durationMs < 4_000]).toEqual([0, true]);
  });
});
