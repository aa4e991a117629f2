import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { RpcRefusal, rpc, rpcClient, rpcEach } from '../../src/sandbox/chain/rpc.ts';
import { type HttpServer, httpServer } from '../support/rpcServer.ts';

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly number[];
}

/** A server that says the same to every request. */
const saying = (body: string, status = 200): Promise<HttpServer> =>
  httpServer((response) => void response.writeHead(status).end(body));

it('call → its method and parameters go out, and its result comes back', async () => {
  const calls: unknown[] = [];
  await using node = await httpServer((response, body) => {
    calls.push(JSON.parse(body));
    response.end('{"jsonrpc":"2.0","id":1,"result":{"number":"0x7"}}');
  });
  expect(await rpcClient(node.url)('eth_getBlockByNumber', ['0x7', false])).toEqual({ number: '0x7' });
  expect(await rpc(node.url, 'eth_getBlockByNumber', ['0x7', false])).toEqual({ number: '0x7' });
  expect(node.headers['content-type']).toBe('application/json');
  const call = { jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: ['0x7', false] };
  expect(calls).toEqual([call, call]);
});

it.each([
  ['an error', '{"id":1,"error":{"code":3,"message":"reverted","data":"0x01"}}', 200, 'reverted'],
  ['an error without words', '{"id":1,"error":{"code":3}}', 200, 'the RPC node answered with an error'],
  ['neither result nor error', '{"id":1}', 200, 'the RPC node answered without a result'],
  ['a page', '<html>', 200, 'the RPC node did not answer with JSON'],
  ['another status', '{"id":1,"result":"0x1"}', 429, 'HTTP 429 from the RPC node'],
])('node answers with %s → a failure that says so', async (_, body, status, message) => {
  await using node = await saying(body, status);
  await expect(rpcClient(node.url)('eth_chainId', [])).rejects.toMatchObject({ message });
});

it('node answers with null → null, which is a result', async () => {
  await using node = await saying('{"id":1,"result":null}');
  expect(await rpcClient(node.url)('eth_getTransactionReceipt', ['0x'])).toBeNull();
});

it("refusal by the sandbox's own chain → an error of tv with the method, the node's words and its data", async () => {
  await using node = await saying('{"id":1,"error":{"code":3,"message":"reverted","data":"0x01"}}');
  await expect(rpcClient(node.url)('eth_call', [])).rejects.toBeInstanceOf(RpcRefusal);
  await expect(rpc(node.url, 'eth_call')).rejects.toMatchObject({
    name: 'TvError',
    message: "The sandbox's chain refused eth_call.",
    facts: { answer: 'reverted', data: '0x01' },
  });
});

it('many calls → one request, and results in the order of the parameters whatever the order of the answers', async () => {
  await using node = await httpServer((response, body) => {
    const calls = JSON.parse(body) as readonly Call[];
    response.end(JSON.stringify(calls.map(({ id, params: [n = 0] }) => ({ id, result: n * n })).reverse()));
  });
  const parameters = Array.from({ length: 12 }, (_, n) => [n]);
  expect(await rpcEach(node.url, 'square', parameters)).toEqual([
    0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121,
  ]);
  expect(node.requests).toBe(1);
  expect(await rpcEach(node.url, 'square', [])).toEqual([]);
  expect(node.requests).toBe(1);
});

it('one of many calls refused → the refusal', async () => {
  await using node = await saying('[{"id":0,"result":1},{"id":1,"error":{"code":3,"message":"no"}}]');
  await expect(rpcEach(node.url, 'square', [[1], [2]])).rejects.toMatchObject({ facts: { answer: 'no' } });
});

it('calls one after the other → one connection; closed by the node as it is used again → a new one', async () => {
  const sockets = new Set<Socket>();
  let cutNext = false;
  await using node = await httpServer((response, _, request) => {
    const known = sockets.has(request.socket);
    sockets.add(request.socket);
    if (cutNext && known) request.socket.resetAndDestroy();
    else response.end('{"id":1,"result":"0x1"}');
  });
  const call = rpcClient(node.url);
  await call('eth_chainId', []);
  await call('eth_chainId', []);
  expect(sockets.size).toBe(1);
  cutNext = true;
  expect(await call('eth_chainId', [])).toBe('0x1');
  expect(sockets.size).toBe(2);
});

it('fresh connection cut → a failure, as the call may have arrived', async () => {
  await using node = await httpServer((_, __, request) => void request.socket.resetAndDestroy());
  await expect(rpcClient(node.url)('eth_sendRawTransaction', [])).rejects.toThrow(/ECONNRESET|hang up/);
  expect(node.requests).toBe(1);
});

it('no answer within the limit, or stopped meanwhile → a failure', async () => {
  await using node = await httpServer(() => {});
  await expect(rpcClient(node.url, { timeoutMs: 50 })('eth_chainId', [])).rejects.toThrow(
    'no answer within 0.05 s',
  );
  const stop = new AbortController();
  const asked = rpcClient(node.url, { stop: stop.signal })('eth_chainId', []);
  stop.abort();
  await expect(asked).rejects.toThrow(/abort/i);
});
