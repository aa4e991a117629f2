import { keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/chain/compareContents.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { type EventSample, sampleEvents, sampleRanges } from '../../src/operations/sampleEvents.ts';
import { httpServer, type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const vault = `0x${'33'.repeat(20)}` as const;
const topics = {
  Deposited: keccak256(toHex('Deposited(uint256,address,uint256,address,uint256)')),
  CircuitBreakerReset: keccak256(toHex('CircuitBreakerReset(bytes32,address)')),
};
const quantity = (value: number) => `0x${value.toString(16)}`;
const hash = (block: number): `0x${string}` => `0x${block.toString(16).padStart(64, '0')}`;

interface Log {
  readonly block: number;
  readonly index?: number;
  readonly kind?: keyof typeof topics;
}
const asSent = ({ block, index = 0, kind = 'Deposited' }: Log) => ({
  address: vault,
  topics: [topics[kind]],
  data: '0x',
  blockNumber: quantity(block),
  blockHash: hash(block),
  transactionHash: hash(block),
  transactionIndex: '0x0',
  logIndex: quantity(index),
});
const row = ({ block, index = 0, kind = 'Deposited' }: Log): EventRow => ({
  table: 'events',
  block,
  transactionHash: hash(block),
  logIndex: index,
  kind,
});

interface Given {
  readonly logs: readonly Log[];
  readonly rows: readonly EventRow[];
  readonly newest?: number;
  readonly oldest?: number;
  /** In place of the node's own answer. */
  readonly answer?: (call: RpcCall) => unknown;
  /** Logs that receipts hold and `eth_getLogs` leaves out. */
  readonly hidden?: readonly Log[];
  readonly enoughMs?: number;
}

async function sample(given: Given): Promise<EventSample & { readonly asked: readonly string[] }> {
  const { logs, rows, newest = 5_000, oldest = 1, answer, hidden = [], enoughMs = 10_000 } = given;
  const asked: string[] = [];
  await using node = await rpcServer((call) => {
    asked.push(call.method);
    const own = answer?.(call);
    if (own !== undefined) return own;
    if (call.method === 'eth_getLogs') {
      const { fromBlock, toBlock } = call.params[0] as { fromBlock: string; toBlock: string };
      return logs
        .filter(({ block }) => block >= Number(fromBlock) && block <= Number(toBlock))
        .map((log) => asSent(log));
    }
    const all = [...logs, ...hidden];
    if (call.method === 'eth_getTransactionReceipt') {
      const mine = all.filter(({ block }) => hash(block) === call.params[0]);
      const [first] = mine;
      if (first === undefined) return null;
      return {
        transactionHash: hash(first.block),
        blockNumber: quantity(first.block),
        blockHash: hash(first.block),
        status: '0x1',
        logs: mine.map((log) => asSent(log)),
      };
    }
    if (call.method === 'eth_getBlockByNumber') {
      const number = Number(call.params[0]);
      const has = all.some(({ block }) => block === number);
      return {
        number: call.params[0],
        hash: hash(number),
        logsBloom: `0x${(has ? '1' : '0').repeat(512)}`,
        transactions: has ? [hash(number)] : [],
      };
    }
    if (call.method === 'eth_getTransactionByHash') return null;
    throw new RpcRefusal(-32601, `unforeseen: ${call.method}`);
  });
  const chain = connectChain({
    rpcUrls: [node.url],
    id: undefined,
    timeoutMs: 2_000,
    contracts: {
      governanceRoles: undefined,
      riskController: undefined,
      treasuryVault: vault,
      dexStrategy: undefined,
    },
  });
  const found = await sampleEvents(chain, {
    ranges: sampleRanges({ oldest, indexed: newest, head: newest }),
    contracts: [vault],
    rows: async function* ({ from, to }) {
      yield* rows.filter(({ block }) => block >= from && block <= to);
    },
    keeps: () => true,
    enoughMs,
    signal: new AbortController().signal,
  });
  return { ...found, asked };
}

describe('the blocks of a sample', () => {
  it.each<[string, number, number, readonly (readonly [number, number])[]]>([
    [
      'a long chain',
      1,
      1_234_567,
      [
        [1_233_568, 1_234_567],
        [1_229_501, 1_230_000],
        [1_199_501, 1_200_000],
      ],
    ],
    [
      'the next block: older ranges stay',
      1,
      1_234_568,
      [
        [1_233_569, 1_234_568],
        [1_229_501, 1_230_000],
        [1_199_501, 1_200_000],
      ],
    ],
    ['a short chain', 1, 800, [[1, 800]]],
    [
      'an indexer that began late',
      1_229_900,
      1_234_567,
      [
        [1_233_568, 1_234_567],
        [1_229_900, 1_230_000],
      ],
    ],
    [
      'older ranges that are the same',
      1,
      105_000,
      [
        [104_001, 105_000],
        [99_501, 100_000],
      ],
    ],
    ['nothing indexed since the oldest event', 10, 9, []],
  ])('%s', (_, oldest, newest, expected) => {
    const ranges = sampleRanges({ oldest, indexed: newest, head: Math.max(oldest, newest) });
    expect(ranges.map(({ from, to }) => [from, to])).toEqual(expected);
  });

  it('a chain that ends before the oldest event is no agreement', () => {
    expect(() => sampleRanges({ oldest: 500, indexed: 900, head: 499 })).toThrow(
      'The newest block of the RPC node (499) is before the oldest event (block 500).',
    );
  });

  it('an indexer ahead of the node is compared up to the head', () => {
    expect(sampleRanges({ oldest: 1, indexed: 900, head: 800 })).toEqual([{ from: 1, to: 800 }]);
  });
});

describe('a sample of the events against the chain', () => {
  it('the same on both sides', async () => {
    const logs = [{ block: 4_500 }, { block: 4_500, index: 1 }, { block: 4_990 }];
    const found = await sample({ logs, rows: logs.map(row) });
    expect(found).toMatchObject({ matched: 3, missing: { total: 0 }, surplus: [], doubt: undefined });
    // No transaction is looked up, and the log index is not tested, where nothing differs.
    expect(found.asked).toEqual(['eth_getLogs']);
  });

  it('a block that the indexer skipped', async () => {
    const found = await sample({ logs: [{ block: 4_500 }, { block: 4_990 }], rows: [row({ block: 4_990 })] });
    expect(found).toMatchObject({
      matched: 1,
      missing: { total: 1, first: [{ block: 4_500, logIndex: 0 }] },
      doubt: undefined,
    });
  });

  it('every event of the sample skipped', async () => {
    const found = await sample({ logs: [{ block: 4_500 }], rows: [] });
    expect(found.missing.total).toBe(1);
  });

  it('a kind that an indexer may be unable to store, and no row of it → not called missing', async () => {
    const logs = [{ block: 4_500, kind: 'CircuitBreakerReset' as const }, { block: 4_990 }];
    const found = await sample({ logs, rows: [row({ block: 4_990 })] });
    expect(found).toMatchObject({ matched: 1, missing: { total: 0 }, doubt: undefined });
  });

  it('the same kind with a row → this indexer stores it, so the other is missing', async () => {
    const kind = 'CircuitBreakerReset' as const;
    const logs = [
      { block: 4_500, kind },
      { block: 4_990, kind },
    ];
    const found = await sample({ logs, rows: [row({ block: 4_990, kind })] });
    expect(found.missing).toMatchObject({ total: 1, first: [{ block: 4_500 }] });
  });

  it('rows that the chain does not have, and the same row twice', async () => {
    const twice = { block: 4_990 };
    const found = await sample({
      logs: [twice],
      rows: [row({ block: 4_700 }), row(twice), row(twice)],
      answer: ({ method, params }) =>
        method === 'eth_getTransactionReceipt' && params[0] === hash(4_700)
          ? { transactionHash: hash(4_700), blockNumber: quantity(4_701), blockHash: hash(4_701), logs: [] }
          : undefined,
    });
    expect(found.surplus.map(({ block }) => block).toSorted()).toEqual([4_700, 4_990]);
  });

  it('a row that names another contract than its log', async () => {
    const found = await sample({
      logs: [{ block: 4_990 }, { block: 4_991 }],
      rows: [
        { ...row({ block: 4_990 }), contract: `0x${'44'.repeat(20)}` },
        { ...row({ block: 4_991 }), contract: vault.toUpperCase().replace('0X', '0x') },
      ],
    });
    expect(found).toMatchObject({ matched: 1, missing: { total: 0 }, doubt: undefined });
    expect(found.surplus).toMatchObject([{ block: 4_990, reason: expect.stringContaining(`contract 0x44`) }]);
  });

  it('more rows of another contract than are listed are counted', async () => {
    const logs = Array.from({ length: 1_003 }, (_, index) => ({ block: 4_990, index }));
    const found = await sample({
      logs,
      rows: logs.map((log) => ({ ...row(log), contract: `0x${'44'.repeat(20)}` })),
    });
    expect([found.surplus.length, found.moreSurplus]).toEqual([1_000, 3]);
  });

  it('a node whose receipts name the contract of the row contradicts itself', async () => {
    const contract = `0x${'44'.repeat(20)}`;
    const log = { block: 4_990 };
    const asked = sample({
      logs: [log],
      rows: [{ ...row(log), contract }],
      answer: ({ method }) =>
        method === 'eth_getTransactionReceipt'
          ? {
              ...{ transactionHash: hash(4_990), blockNumber: quantity(4_990), blockHash: hash(4_990) },
              logs: [{ ...asSent(log), address: contract }],
            }
          : undefined,
    });
    await expect(asked).rejects.toMatchObject({ code: 'chain.unreliable-node' });
  });

  it('a row whose log the node leaves out of its list → in doubt, neither surplus nor well', async () => {
    const found = await sample({
      logs: [{ block: 4_990 }],
      hidden: [{ block: 4_700 }],
      rows: [row({ block: 4_700 }), row({ block: 4_990 })],
    });
    expect(found.surplus).toEqual([]);
    expect(found.doubt).toContain('leaves out logs');
  });

  it('a row whose transaction cannot be read → in doubt', async () => {
    const found = await sample({
      logs: [{ block: 4_990 }],
      rows: [row({ block: 4_700 }), row({ block: 4_990 })],
      answer: ({ method }) => {
        if (method !== 'eth_getTransactionReceipt') return undefined;
        throw new RpcRefusal(-32601, 'method not found');
      },
    });
    expect(found).toMatchObject({ surplus: [], doubt: expect.stringContaining('could not be judged') });
  });

  it('no log and no row, from a node without a log index → in doubt', async () => {
    const found = await sample({ logs: [], rows: [], hidden: [{ block: 5_000 }] });
    expect(found).toMatchObject({ matched: 0, doubt: expect.stringContaining('log index is incomplete') });
  });

  it('older blocks that are pruned → named as not compared', async () => {
    const found = await sample({
      newest: 15_000,
      logs: [{ block: 14_900 }],
      rows: [row({ block: 14_900 })],
      answer: ({ method, params }) => {
        if (method !== 'eth_getLogs') return undefined;
        const { toBlock } = params[0] as { toBlock: string };
        if (Number(toBlock) > 10_000) return undefined;
        throw new RpcRefusal(4444, 'pruned history unavailable');
      },
    });
    expect(found).toMatchObject({
      ranges: [{ from: 14_001, to: 15_000 }],
      skipped: [{ from: 9_501, to: 10_000, reason: expect.stringContaining('does not have the blocks') }],
      matched: 1,
      doubt: undefined,
    });
  });

  it('no time for older blocks → named as not compared, and not asked for', async () => {
    const found = await sample({
      newest: 15_000,
      enoughMs: -1,
      logs: [{ block: 14_900 }],
      rows: [row({ block: 14_900 })],
    });
    expect(found.skipped).toEqual([{ from: 9_501, to: 10_000, reason: 'there was no time left' }]);
    expect(found.asked).toEqual(['eth_getLogs']);
  });

  it('newest blocks that cannot be read → no sample at all', async () => {
    const answer = () => {
      throw new RpcRefusal(4444, 'pruned history unavailable');
    };
    await expect(sample({ logs: [], rows: [], answer })).rejects.toMatchObject({
      code: 'chain.history-pruned',
    });
  });

  it('a limited node is left alone once the comparison is ended', async () => {
    const stop = new AbortController();
    const ended = new Error('ended');
    await using node = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '1' }).end();
      setTimeout(() => stop.abort(ended), 50);
    });
    const contracts = { governanceRoles: undefined, riskController: undefined, treasuryVault: vault };
    const chain = connectChain({
      rpcUrls: [node.url],
      id: undefined,
      timeoutMs: 2_000,
      contracts: { ...contracts, dexStrategy: undefined },
      signal: stop.signal,
    });
    const sampled = sampleEvents(chain, {
      ranges: sampleRanges({ oldest: 1, indexed: 100, head: 100 }),
      contracts: [vault],
      rows: async function* () {},
      keeps: () => true,
      enoughMs: 100,
      signal: stop.signal,
    });
    await expect(sampled).rejects.toBe(ended);
    expect(node.requests).toBe(1);
  });
});
