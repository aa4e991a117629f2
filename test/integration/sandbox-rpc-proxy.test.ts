import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { type Faults, writeFaults } from '../../src/sandbox/services/faults.ts';
import { type AnvilNode, anvilNode, devAccount } from '../support/anvilNode.ts';
import { buildPrograms, type Program, startProgram } from '../support/programs.ts';

let directory: string;
let node: AnvilNode;
let proxy: Program;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tv-proxy-'));
  await buildPrograms(directory, 'rpc_proxy');
  node = await anvilNode('ethereum');
  await node.call('anvil_mine', ['0x14']);
  ({ proxy, url } = await startProxy(node.url));
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await node[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
afterEach(() => faults());

async function startProxy(target: string): Promise<{ proxy: Program; url: string }> {
  const [port = 0] = await freePorts(1);
  const started = startProgram(directory, 'rpc_proxy', {
    RPC_PROXY_PORT: port,
    RPC_UPSTREAM: target,
    FAULTS_FILE: join(directory, 'faults.json'),
  });
  await started.line(/Listening on/);
  return { proxy: started, url: `http://127.0.0.1:${port}` };
}

const faults = (...list: Faults) => writeFaults(join(directory, 'faults.json'), list);
const post = (body: unknown, signal?: AbortSignal) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) });
const call = (method: string, ...params: readonly unknown[]) => ({ jsonrpc: '2.0', id: 7, method, params });
const ask = async (method: string, ...params: readonly unknown[]) =>
  (await post(call(method, ...params))).json();
const block = (number: number) => `0x${number.toString(16)}`;
const logs = (from: number, to: number) => ask('eth_getLogs', { fromBlock: block(from), toBlock: block(to) });
const error = (code: number, message: unknown) => ({ jsonrpc: '2.0', id: 7, error: { code, message } });

it('passes calls and batches on, and counts them', async () => {
  const before = (await (await fetch(`${url}/_counts`)).json()) as { requests: number };
  expect(await ask('eth_blockNumber')).toEqual({ jsonrpc: '2.0', id: 7, result: block(20) });
  const batch = [call('eth_chainId'), { ...call('eth_blockNumber'), id: 'x' }];
  const answer = await (await post(batch)).json();
  expect(answer).toEqual([
    { jsonrpc: '2.0', id: 7, result: '0x7a69' },
    { jsonrpc: '2.0', id: 'x', result: block(20) },
  ]);
  expect(await (await fetch(`${url}/_counts`)).json()).toMatchObject({
    requests: before.requests + 2,
    calls: { eth_blockNumber: 2, eth_chainId: 1 },
  });
  // With an active fault each call of a batch goes its own way, and the order stays.
  faults({ mode: 'wrong-chain', id: 42431 });
  expect(await (await post(batch)).json()).toEqual([
    { jsonrpc: '2.0', id: 7, result: '0xa5bf' },
    { jsonrpc: '2.0', id: 'x', result: block(20) },
  ]);
});

it('stop: cuts the connection, and serves again once the fault is gone', async () => {
  faults({ mode: 'stop' });
  await expect(ask('eth_blockNumber')).rejects.toThrow(/fetch failed/);
  faults();
  expect(await ask('eth_blockNumber')).toMatchObject({ result: block(20) });
});

it('slow and hang: answers late, or never', async () => {
  faults({ mode: 'slow', ms: 300 });
  const start = performance.now();
  expect(await ask('eth_blockNumber')).toMatchObject({ result: block(20) });
  expect(performance.now() - start).toBeGreaterThan(290);
  faults({ mode: 'hang' });
  await expect(post(call('eth_blockNumber'), AbortSignal.timeout(300))).rejects.toThrow(/timeout/);
});

it('rate-limit and html: what gateways say', async () => {
  faults({ mode: 'rate-limit' });
  const limited = await post(call('eth_blockNumber'));
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
  faults({ mode: 'html' });
  const page = await post(call('eth_blockNumber'));
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
  expect(await page.text()).toMatch(/^<!DOCTYPE html>/);
});

it('wrong-chain: answers with another id', async () => {
  faults({ mode: 'wrong-chain', id: 42431 });
  expect(await ask('eth_chainId')).toMatchObject({ result: '0xa5bf' });
  expect(await ask('net_version')).toMatchObject({ result: '42431' });
});

it('prune: logs, blocks and state below are gone, those from there on stay', async () => {
  const hash = (await node.call('eth_getBlockByNumber', [block(3), false])) as { hash: string };
  faults({ mode: 'prune', below: 10 });
  expect(await logs(9, 12)).toEqual(error(4444, 'pruned history unavailable'));
  expect(await logs(10, 12)).toMatchObject({ result: [] });
  expect(await ask('eth_getLogs', { fromBlock: 'earliest' })).toEqual(
    error(4444, 'pruned history unavailable'),
  );
  expect(await ask('eth_getBlockByNumber', block(9), false)).toMatchObject({ result: null });
  expect(await ask('eth_getBlockByNumber', 'earliest', false)).toMatchObject({ result: null });
  expect(await ask('eth_getBlockByNumber', block(10), false)).toMatchObject({
    result: { number: block(10) },
  });
  expect(await ask('eth_getBlockByHash', hash.hash, false)).toMatchObject({ result: null });
  const state = error(-32000, expect.stringContaining('missing trie node'));
  expect(await ask('eth_getBalance', devAccount, block(9))).toEqual(state);
  expect(await ask('eth_call', { to: devAccount }, block(9))).toEqual(state);
  expect(await ask('eth_getStorageAt', devAccount, '0x0', block(9))).toEqual(state);
  expect(await ask('eth_getBalance', devAccount, 'latest')).toHaveProperty('result');
});

it('skip-logs: fails for exactly these blocks', async () => {
  faults({ mode: 'skip-logs', blocks: [4, 6] });
  expect(await logs(4, 4)).toEqual(error(-32000, 'request timed out'));
  expect(await logs(5, 5)).toMatchObject({ result: [] });
  expect(await logs(4, 6)).toMatchObject({ result: [] });
});

it('drop-tx, accept-then-die, already-known: three ways to lose a transaction', async () => {
  const account = privateKeyToAccount(devPrivateKey(0));
  const sign = (nonce: number) =>
    account.signTransaction({
      chainId: 31337,
      nonce,
      to: devAccount,
      gas: 30_000n,
      gasPrice: 2_000_000_000n,
      type: 'legacy',
    });
  const first = Number(await node.call('eth_getTransactionCount', [devAccount, 'latest']));
  const mined = (hash: unknown) => node.call('eth_getTransactionReceipt', [hash]);
  const used = async () => Number(await node.call('eth_getTransactionCount', [devAccount, 'latest'])) - first;

  faults({ mode: 'drop-tx' });
  const dropped = (await ask('eth_sendRawTransaction', await sign(first))) as { result: string };
  expect(dropped.result).toMatch(/^0x[0-9a-f]{64}$/);
  expect(await mined(dropped.result)).toBe(null);
  expect(await ask('eth_sendRawTransactionSync', await sign(first))).toHaveProperty('error');
  expect(await used()).toBe(0);

  faults();
  // The hash that was promised is the transaction's own.
  expect(await ask('eth_sendRawTransaction', await sign(first))).toEqual({
    jsonrpc: '2.0',
    id: 7,
    result: dropped.result,
  });

  faults({ mode: 'accept-then-die' });
  await expect(ask('eth_sendRawTransaction', await sign(first + 1))).rejects.toThrow(/fetch failed/);
  // The node takes a transaction first, and mines it a moment later.
  await expect.poll(used).toBe(2);

  faults({ mode: 'already-known' });
  expect(await ask('eth_sendRawTransaction', await sign(first + 2))).toEqual(error(-32000, 'already known'));
  await expect.poll(used).toBe(3);
});

it('says 502 while the node is away, and ends on SIGTERM without waiting for anything with connections open', async () => {
  const away = createServer();
  await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
  const { port } = away.address() as AddressInfo;
  await new Promise((resolve) => away.close(resolve));
  const other = await startProxy(`http://127.0.0.1:${port}`);
  await using _ = other.proxy;
  const answer = await fetch(other.url, { method: 'POST', body: JSON.stringify(call('eth_blockNumber')) });
  expect(answer.status).toBe(502);

  faults({ mode: 'hang' });
  const pending = fetch(other.url, { method: 'POST', body: JSON.stringify(call('eth_chainId')) });
  const cut = expect(pending).rejects.toThrow(/fetch failed/);
  await expect
    .poll(async () => (await fetch(`${other.url}/_counts`)).json())
    .toMatchObject({ calls: { eth_chainId: 1 } });
  const { exitCode, durationMs } = await other.proxy.stop();
  expect(exitCode).toBe(0);
  expect(durationMs).toBeLessThan(4_000);
  await cut;
});
