import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { BlockWindow, Reorganised } from '../../src/chain/prefetch/blockWindow.ts';
import { openPrefetchProxy } from '../../src/chain/prefetch/prefetchProxy.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { eventsPerRound } from '../support/eventSource.ts';
import { type FaultMode, type FaultOptions, faultyNode } from '../support/faultyNode.ts';
import { type IndexerBench, indexerBench } from '../support/indexerBench.ts';
import { callRpc, type RpcRefusal } from '../support/rpcServer.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const none = {
  governanceRoles: undefined,
  riskController: undefined,
  treasuryVault: undefined,
  dexStrategy: undefined,
};

const hex = (block: number) => `0x${block.toString(16)}`;

describe('the proxy in front of an indexer', () => {
  let bench: IndexerBench;
  let head: number;
  /** As the healthy node lists them. */
  let truth: readonly unknown[];
  beforeAll(async () => {
    bench = await indexerBench('deployed');
    head = await bench.head();
    truth = await logsOf(bench.node.url, 0, head);
    expect(truth).toHaveLength(bench.eventBlocks.length * eventsPerRoundOfAll);
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  /** Twelve kinds are emitted, one of which is not indexed. */
  const eventsPerRoundOfAll = eventsPerRound + 1;

  const logsOf = async (url: string, from: number, to: number, more: object = {}) =>
    (await callRpc(url, 'eth_getLogs', [
      { fromBlock: hex(from), toBlock: hex(to), address: bench.addresses, ...more },
    ])) as unknown[];

  /** Block by block, as the deployed indexer does. A call that fails fails the test. */
  const blockByBlock = async (url: string, from = 0, to = head) => {
    const logs: unknown[] = [];
    for (let block = from; block <= to; block++) logs.push(...(await logsOf(url, block, block)));
    return logs;
  };

  const chainAt = (...rpcUrls: string[]) =>
    connectChain({ rpcUrls, id: undefined, timeoutMs: 5_000, contracts: none });

  const openAt = (url: string, parameters: { fromBlock?: number; target?: number } = {}) =>
    openPrefetchProxy(chainAt(url), {
      ...{ addresses: bench.addresses, fromBlock: 0, target: head },
      ...parameters,
    });

  it('a healthy node → the same logs and blocks, with a tenth of the requests at most', async () => {
    await using node = await faultyNode(bench.node.url);
    await using proxy = await openAt(node.url);
    expect(await blockByBlock(proxy.url)).toEqual(truth);
    const requests = node.calls.reduce((sum, { batch }) => sum + 1 / batch, 0);
    expect(requests).toBeLessThan(head / 10);
    const [block = 0] = bench.eventBlocks;
    const asked = ['eth_getBlockByNumber', [hex(block), false]] as const;
    expect(await callRpc(proxy.url, ...asked)).toEqual(await callRpc(bench.node.url, ...asked));
    // Of one kind, as a client asks that decodes each by itself.
    const [{ topics: [topic] = [] } = {}] = truth as { topics?: string[] }[];
    const ofKind = await logsOf(proxy.url, block, block, { topics: [[topic]] });
    expect(ofKind).toEqual(await logsOf(bench.node.url, block, block, { topics: [[topic]] }));
    expect(ofKind).toHaveLength(1);
  });

  const passing: readonly (readonly [FaultMode, FaultOptions])[] = [
    ['infura', {}],
    ['toohigh', {}],
    ['alchemy10', {}],
    // The log index is empty, has only newer blocks, or a list is cut off: the blocks' filters and the receipts show it.
    ['logsEmpty', {}],
    ['logsTail', { prunedBelow: 60 }],
    ['logsCap', { cap: 1_000 }],
    ['nobatch', {}],
    ['b10', {}],
    ['batchgeth', {}],
    ['batch400', {}],
    ['batch413', {}],
    ['batchempty', {}],
    ['rateinfura1', {}],
    ['rate429code', {}],
    ['once502', {}],
  ];
  it.each(passing)('a node that is %s → nothing lost', async (mode, options) => {
    await using node = await faultyNode(bench.node.url, mode, options);
    await using proxy = await openAt(node.url);
    expect(await blockByBlock(proxy.url)).toEqual(truth);
  });

  const lasting: readonly FaultMode[] = [
    'rate429',
    'nologs',
    'logsMoved',
    'nobackend',
    'errorstring',
    'errorempty',
    'errornull',
    'errornocode',
  ];
  it.each(lasting)('a node that is %s for a while → the call waits, then nothing is lost', async (mode) => {
    await using node = await faultyNode(bench.node.url, mode);
    await using proxy = await openAt(node.url);
    let answered = false;
    const reading = blockByBlock(proxy.url).finally(() => {
      answered = true;
    });
    await until(() => node.calls.length > 2, { limitMs: 20_000, what: 'calls of the proxy' });
    expect(answered).toBe(false);
    node.mode = 'healthy';
    expect(await reading).toEqual(truth);
    expect(proxy.failure).toBeUndefined();
  });

  it('one node of two leaves logs out, the other is away → nothing lost', async () => {
    await using broken = await faultyNode(bench.node.url, 'logsEmpty');
    await using away = await faultyNode(bench.node.url, 'nobackend');
    await using proxy = await openPrefetchProxy(chainAt(away.url, broken.url), {
      addresses: bench.addresses,
      fromBlock: 0,
      target: head,
    });
    expect(await blockByBlock(proxy.url)).toEqual(truth);
  });

  it('shows no block above its target, by number or by name, and follows when it moves', async () => {
    const target = bench.eventBlocks[3] ?? 0;
    await using proxy = await openAt(bench.node.url, { target });
    const number = () => callRpc(proxy.url, 'eth_blockNumber');
    const newest = async () =>
      ((await callRpc(proxy.url, 'eth_getBlockByNumber', ['latest', false])) as { number: string }).number;
    expect([await number(), await newest()]).toEqual([hex(target), hex(target)]);
    expect(await callRpc(proxy.url, 'eth_getLogs', [{ address: bench.addresses, fromBlock: '0x0' }])).toEqual(
      await logsOf(bench.node.url, 0, target),
    );
    proxy.setTarget(head);
    expect([await number(), await newest()]).toEqual([hex(head), hex(head)]);
    expect(await blockByBlock(proxy.url, target + 1)).toEqual(await logsOf(bench.node.url, target + 1, head));
  });

  it('nothing to index yet → the question for the newest block is held until there is, or the limit', async () => {
    await using proxy = await openAt(bench.node.url, { fromBlock: 5, target: 4 });
    const asked = callRpc(proxy.url, 'eth_blockNumber');
    // A later call on another connection is answered first: the proxy has both by then.
    await callRpc(proxy.url, 'eth_chainId');
    proxy.setTarget(7);
    expect(await asked).toBe(hex(7));
    const stop = new AbortController();
    const idle = new BlockWindow(chainAt(bench.node.url), {
      ...{ addresses: bench.addresses, fromBlock: 5, target: 4, readAhead: 4, signal: stop.signal },
    });
    await idle.untilShown(20);
    expect(idle.target).toBe(4);
    stop.abort();
  });

  it('passes on what it does not know, errors about the call itself included', async () => {
    await using proxy = await openAt(bench.node.url);
    for (const method of ['eth_chainId', 'net_version', 'web3_clientVersion']) {
      expect(await callRpc(proxy.url, method)).toEqual(await callRpc(bench.node.url, method));
    }
    const refused = await callRpc(proxy.url, 'eth_noSuchThing').catch((error: RpcRefusal) => error);
    expect(refused).toMatchObject({ code: -32601 });
    const response = await fetch(proxy.url, { method: 'POST', body: '{' });
    expect(await response.json()).toMatchObject({ error: { code: -32700 } });
    const batch = await fetch(proxy.url, {
      method: 'POST',
      body: JSON.stringify([{ id: 'a', method: 'eth_blockNumber' }, 7]),
    });
    expect(await batch.json()).toEqual([
      { jsonrpc: '2.0', id: 'a', result: hex(head) },
      { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'Invalid Request' } },
    ]);
  });

  it('answers nobody who does not know its path', async () => {
    await using proxy = await openAt(bench.node.url);
    const { origin } = new URL(proxy.url);
    for (const url of [origin, `${origin}/${'0'.repeat(32)}`]) {
      const stranger = await fetch(url, { method: 'POST', body: '{"id":1,"method":"eth_blockNumber"}' });
      expect([stranger.status, await stranger.text()]).toEqual([404, '']);
    }
    expect((await fetch(proxy.url)).status).toBe(404);
  });

  it('a reader that goes back is served again', async () => {
    await using proxy = await openAt(bench.node.url);
    await blockByBlock(proxy.url);
    expect(await blockByBlock(proxy.url, 1)).toEqual(await logsOf(bench.node.url, 1, head));
  });

  it('blocks that were handed out are orphaned → says from where on, and answers nothing more', async () => {
    const snapshot = await bench.node.call('evm_snapshot');
    const base = await bench.head();
    await bench.source.emitAll(90);
    const orphaned = await bench.head();
    await using proxy = await openAt(bench.node.url, { fromBlock: base - 5, target: orphaned });
    expect(await blockByBlock(proxy.url, base - 5, orphaned)).toHaveLength(
      (await logsOf(bench.node.url, base - 5, orphaned)).length,
    );
    await bench.node.call('evm_revert', [snapshot]);
    await bench.node.call('anvil_mine', [hex(orphaned - base + 3), '0x7']);
    proxy.setTarget(await bench.head());
    await until(() => proxy.failure !== undefined, {
      limitMs: 20_000,
      what: 'the reorganisation to be seen',
    });
    expect(proxy.failure).toBeInstanceOf(Reorganised);
    expect((proxy.failure as Reorganised).ancestor).toBe(base);
  });

  it('the real indexer, one request in seven refused → every row; without the proxy it loses some', async () => {
    const to = await bench.head();
    const all = { deposits: bench.eventBlocks.length };
    const deposits = async () => (await bench.query('SELECT id FROM deposits')).length;
    let seen = 0;
    await using node = await faultyNode(bench.node.url, 'rateinfura1');
    const refuseSome = () => {
      node.mode = ++seen % 7 === 0 ? 'rate429' : 'healthy';
    };
    const timer = setInterval(refuseSome, 5);
    try {
      await bench.clear();
      await using proxy = await openAt(node.url, { target: to });
      await using indexer = bench.startIndexer({ RPC_URL: proxy.url });
      await indexer.line(new RegExp(`Indexed blocks \\d+-${to}: `));
      expect(indexer.output()).not.toMatch(/ERROR/);
      expect(await deposits()).toBe(all.deposits);

      await bench.clear();
      await using plain = bench.startIndexer({ RPC_URL: node.url });
      await plain.line(new RegExp(`Indexed blocks \\d+-${to}: `));
      expect(plain.output()).toMatch(/Error fetching logs for block/);
    } finally {
      clearInterval(timer);
    }
  });
});
