import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { awaitSignal } from '../../src/chain/oracle/awaitSignal.ts';
import { readActivity } from '../../src/chain/oracle/readActivity.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { testLogIndex } from '../../src/chain/testLogIndex.ts';
import { readRestingOrders } from '../../src/chain/treasury/readOrders.ts';
import { placeUnlisted } from '../../src/sandbox/breakOrders.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { SignalSource, signedCalls } from '../../src/sandbox/chain/signalSource.ts';
import { type Capital, openCapital, usd } from '../support/capital.ts';
import { faultyNode } from '../support/faultyNode.ts';
import { environmentName, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { callRpc, countingNode, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const incomplete = /log index is incomplete/;

describe('a node whose log index leaves logs out, without an error', () => {
  let world: ProtocolWorld;
  let capital: Capital;
  /** The only signal so far: its time, and its oracle. */
  let signalAt: number;
  let oracle: `0x${string}`;
  beforeAll(async () => {
    world = await protocolWorld('tempo', 'compact', 'separate');
    signalAt = (await readHead(world.protocol.chain)).timestamp;
    capital = await openCapital(world);
    oracle = world.protocol.deployment.accounts.oracle.address;
    await capital.fill({ deposit: 2_000n, deploy: 1_000n, orders: 300n });
    const [pair] = world.protocol.deployment.pairs;
    if (pair === undefined) throw new Error('no pair');
    await placeUnlisted(world.protocol.url, world.protocol.deployment, pair, [
      { amount: 250n * usd, tick: 30, isBid: false },
    ]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const whole = async () => ({ fromBlock: 0, toBlock: await world.protocol.head() });

  it('is distinguished from a complete one, over the whole chain and over its newest blocks', async () => {
    const range = await whole();
    const newest = { ...range, fromBlock: range.toBlock - 3 };
    expect(await testLogIndex(world.protocol.through(world.protocol.url), range)).toEqual({ is: 'works' });
    expect(await testLogIndex(world.protocol.through(world.protocol.url), newest)).toEqual({ is: 'works' });
    await using empty = await faultyNode(world.protocol.url, 'logsEmpty');
    for (const each of [range, newest]) {
      const verdict = await testLogIndex(world.protocol.through(empty.url), each);
      expect(verdict).toMatchObject({ is: 'broken', reason: expect.stringMatching(incomplete) });
    }
    // Only its newer part is there.
    await using tail = await faultyNode(world.protocol.url, 'logsTail', { prunedBelow: range.toBlock - 3 });
    const verdict = await testLogIndex(world.protocol.through(tail.url), range);
    expect(verdict).toMatchObject({ is: 'broken', reason: expect.stringMatching(incomplete) });
    expect(await testLogIndex(world.protocol.through(tail.url), newest)).toEqual({ is: 'works' });
  });

  it('two tests at once, a block apart → one', async () => {
    await using counting = await countingNode(world.protocol.url);
    const range = await whole();
    const requestsOf = async (
      ranges: readonly { readonly fromBlock: number; readonly toBlock: number }[],
    ) => {
      const before = counting.requests;
      const chain = world.protocol.through(counting.url);
      const verdicts = await Promise.all(ranges.map((each) => testLogIndex(chain, each)));
      expect(verdicts.map(({ is }) => is)).toEqual(ranges.map(() => 'works'));
      return counting.requests - before;
    };
    const blockBefore = { ...range, toBlock: range.toBlock - 1 };
    const alone = await requestsOf([blockBefore]);
    expect(alone).toBeGreaterThan(2);
    expect(await requestsOf([blockBefore, range])).toBe(alone);
    const newest = { fromBlock: range.toBlock - 3, toBlock: range.toBlock - 1 };
    expect(await requestsOf([newest, { ...newest, toBlock: range.toBlock }])).toBe(
      await requestsOf([newest]),
    );
  });

  it.each(['logsEmpty', 'logsTail'] as const)('%s: the history of breakers is unknown', async (mode) => {
    await using faulty = await faultyNode(world.protocol.url, mode, {
      prunedBelow: await world.protocol.head(),
    });
    const read = (url: string) =>
      readBreakers(world.protocol.through(url), {
        pairs: [{ ...capital.pair, name: 'Alpha' }],
        discover: true,
      });
    const { breakers, since, historyUnknown } = await read(faulty.url);
    expect(breakers.map(({ open, last }) => [open, last])).toEqual([[false, null]]);
    expect([since, historyUnknown]).toEqual([null, expect.stringMatching(incomplete)]);
    expect(await read(world.protocol.url)).toMatchObject({ since: 0, historyUnknown: undefined });
  });

  it("the oracle's last signals are unknown, and one is proven by blocks and receipts", async () => {
    await using faulty = await faultyNode(world.protocol.url, 'logsEmpty');
    const chain = world.protocol.through(faulty.url);
    const head = await world.protocol.head();
    await expect(readActivity(chain, { sender: oracle, head })).rejects.toThrow(incomplete);
    const { deployment, url } = world.protocol;
    const waiting = awaitSignal(chain, { oracle, fromBlock: head + 1, limitMs: 15_000 });
    const [pair] = deployment.pairs;
    const source = new SignalSource();
    source.next([pair?.id ?? '0x'], 0);
    const now = await readHead(world.protocol.chain);
    const updates = source.next([pair?.id ?? '0x'], now.timestamp + 1);
    const [data = '0x'] = await signedCalls(
      url,
      deployment,
      updates.map((update) => ({ signer: oracle, update })),
    );
    await expect
      .poll(async () => (await readHead(world.protocol.chain)).timestamp)
      .toBeGreaterThan(now.timestamp);
    await send(url, { from: oracle, to: deployment.addresses.riskController, data });
    expect((await waiting).nonce).toBe('2');

    const after = await world.protocol.head();
    const own = await readActivity(world.protocol.chain, { sender: oracle, head: after });
    expect([own.own.at(-1)?.at, own.own.at(-1)?.pair, own.others]).toEqual([now.timestamp + 1, pair?.id, []]);
    const another = { sender: `0x${'9'.repeat(40)}` as const, head: after };
    const seen = await readActivity(world.protocol.chain, another);
    expect([seen.own, seen.newest, seen.others.map(({ sender }) => sender)]).toEqual([
      [],
      undefined,
      [oracle.toLowerCase()],
    ]);
    expect(seen.others[0]?.signal.at).toBe(now.timestamp + 1);
  });

  it.each([
    ['recnull', /returns no receipt of \d+ of \d+ transactions whose logs it has/],
    ['recother', /log index is incomplete|returns no receipt/],
  ] as const)(
    'receipts of its transactions do not come (%s) → who sent the signals is unknown, not "none of the key"',
    async (mode, reason) => {
      await using faulty = await faultyNode(world.protocol.url, mode);
      const chain = world.protocol.through(faulty.url);
      await expect(
        readActivity(chain, { sender: oracle, head: await world.protocol.head() }),
      ).rejects.toThrow(reason);
    },
  );

  it('contracts answer calls and their code does not come → unknown, not "no contract"', async () => {
    await using faulty = await faultyNode(world.protocol.url, 'codeempty');
    await expect(readProtocol(world.protocol.through(faulty.url))).rejects.toThrow(
      'The RPC node returns no bytecode of a contract, which answers calls.',
    );
  });

  it('a signal in the contract that the logs do not show → its logs are incomplete', async () => {
    await using faulty = await faultyNode(world.protocol.url, 'logsCap', { cap: 1 });
    const chain = world.protocol.through(faulty.url);
    const parameters = { sender: oracle, head: await world.protocol.head() };
    await expect(readActivity(chain, { ...parameters, signalAt: signalAt + 3_600 })).rejects.toThrow(
      /has accepted a newer one than the RPC node's eth_getLogs returns: its log index is incomplete/,
    );
  });

  it('orders on the DEX: each is looked up by its id; where that is not served, more are unknown', async () => {
    const { url } = world.protocol;
    await using empty = await faultyNode(url, 'logsEmpty');
    const listed = [1n, 2n];
    const found = await readRestingOrders(world.protocol.through(empty.url), listed);
    expect(found.unknown).toBeNull();
    expect(found.orders.map(({ id, locked }) => [id, BigInt(locked) / usd])).toContainEqual(['3', 250n]);
    await using neither = await withoutNextOrder(url);
    const part = await readRestingOrders(world.protocol.through(neither.url), listed);
    expect(part.orders.map(({ id }) => id)).toEqual(['2', '1']);
    expect(part.unknown).toMatch(incomplete);
  });

  it('unwind: goes ahead, names what is unaccounted for, exit 5', async () => {
    await using neither = await withoutNextOrder(world.protocol.url);
    const rpcUrls = [neither.url];
    world.environment('indexless', { chain: { id: 4217, rpcUrls, timeoutMs: 5_000 } });
    const words = ['emergency', 'unwind', '--pair', 'Alpha', '--env', 'indexless', '--confirm', 'indexless'];
    const { exitCode, stderr } = await world.tv(words);
    const screen = stderr.replaceAll(/\s+/g, ' ');
    expect(screen).toMatch(/more orders on the DEX: unknown: .*log index is incomplete/);
    expect(screen).toMatch(/250 AlphaUSD unaccounted for: 1 000 deployed = 300 returned/);
    expect(exitCode, stderr).toBe(5);
    // And once more, with nothing left in the list: it is not "nothing to unwind".
    const again = await world.tv(words);
    expect(again.stderr).not.toMatch(/nothing to unwind/);
    expect(again.exitCode, again.stderr).toBe(5);
    // By their ids the orders are known for certain.
    await using empty = await faultyNode(world.protocol.url, 'logsEmpty');
    world.environment(environmentName, { chain: { id: 4217, rpcUrls: [empty.url], timeoutMs: 5_000 } });
    const named = await world.tv(['emergency', 'unwind', '--pair', 'Alpha', '--confirm', environmentName]);
    expect(named.stderr.replaceAll(/\s+/g, ' ')).toMatch(/not in the strategy's list: 1 order, 250 AlphaUSD/);
    expect(named.exitCode, named.stderr).not.toBe(0);
  });
});

/** Neither events nor the next order's id. */
function withoutNextOrder(upstream: string) {
  return rpcServer(({ method, params = [] }) => {
    if (method === 'eth_getLogs') return [];
    const [call] = params as readonly { readonly data?: string; readonly input?: string }[];
    if (method === 'eth_call' && (call?.data ?? call?.input ?? '').startsWith('0x2a58b330')) {
      throw new RpcRefusal(3, 'execution reverted');
    }
    return callRpc(upstream, method, params);
  });
}
