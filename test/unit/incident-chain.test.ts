import { encodeAbiParameters, encodeEventTopics, parseAbi, zeroHash } from 'viem';
import { describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { findBlockAt } from '../../src/chain/findBlock.ts';
import { readChainPart } from '../../src/observe/incident/chainPart.ts';
import type { IncidentPart } from '../../src/observe/incident/incident.ts';
import { type HttpServer, httpServer, type RpcCall } from '../support/rpcServer.ts';

const start = Date.parse('2026-11-23T03:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const span = { since: at(0), until: at(60) };
const account = (digit: string) => `0x${digit.repeat(40)}` as const;
const contracts = {
  governanceRoles: account('1'),
  riskController: account('2'),
  treasuryVault: account('3'),
  dexStrategy: account('4'),
};
const pair = `0x${'ab'.repeat(32)}` as const;
const abi = parseAbi([
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event OrderCancelled(bytes32 indexed pairId, uint128 indexed orderId)',
]);

interface Log {
  readonly block: number;
  readonly address: `0x${string}`;
  readonly topics: readonly unknown[];
  readonly data: `0x${string}`;
  readonly transaction?: number;
  readonly index?: number;
}

const paused = (block: number, is: boolean): Log => ({
  ...{ block, address: contracts.riskController },
  topics: encodeEventTopics({ abi, eventName: 'GlobalPauseToggled', args: { by: account('a') } }),
  data: encodeAbiParameters([{ type: 'bool' }], [is]),
});
const indexed = (
  block: number,
  eventName: 'CircuitBreakerTriggered' | 'RoleGranted' | 'OrderCancelled',
  args: object,
  more: Partial<Log> = {},
): Log => ({
  ...{ block, address: contracts.dexStrategy, data: '0x' },
  topics: encodeEventTopics({ abi, eventName, args: args as never }),
  ...more,
});

interface Node {
  /** Seconds after `start`, by block; the last is the head's. */
  readonly times: readonly number[];
  readonly logs?: readonly Log[];
  /** Whether logs have the times of their blocks, as newer nodes give them. */
  readonly timedLogs?: boolean;
  readonly chainId?: number;
  /** Blocks from here on are not served in `eth_getLogs`. */
  readonly failsFrom?: number;
  /** Logs of blocks before this one are not. */
  readonly prunedTo?: number;
  /** Blocks before this one are gone altogether. */
  readonly goneTo?: number;
}

const hex = (value: number) => `0x${value.toString(16)}`;
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;

/** A node with a block for each time, and a revert for each call of a contract. */
async function node({
  times,
  logs = [],
  timedLogs = true,
  chainId = 4217,
  failsFrom,
  prunedTo = 0,
  goneTo = 0,
}: Node): Promise<HttpServer> {
  const head = times.length - 1;
  const timeOf = (block: number) => hex(start / 1000 + (times[block] ?? 0));
  const blockOf = (number: number) => ({
    ...{ number: hex(number), hash: word(number), timestamp: timeOf(number), transactions: [] },
    logsBloom: `0x${'0'.repeat(512)}`,
  });
  const answer = ({ method, params }: RpcCall): object => {
    if (method === 'eth_chainId') return { result: hex(chainId) };
    if (method === 'eth_blockNumber') return { result: hex(head) };
    if (method === 'eth_getBlockByNumber')
      return {
        result:
          params[0] === 'latest'
            ? blockOf(head)
            : Number(params[0]) < goneTo
              ? null
              : blockOf(Number(params[0])),
      };
    if (method === 'eth_getCode') return { result: '0x60' };
    if (method === 'eth_getStorageAt') return { result: zeroHash };
    if (method === 'eth_call') return { error: { code: 3, message: 'execution reverted' } };
    if (method !== 'eth_getLogs') return { error: { code: -32601, message: 'no such method' } };
    const filter = params[0] as {
      readonly fromBlock: string;
      readonly toBlock: string;
      readonly topics?: unknown;
    };
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
    if (from < prunedTo || (failsFrom !== undefined && to >= failsFrom && to > from))
      return { error: { code: -32000, message: 'missing trie node: history pruned' } };
    const found = filter.topics !== undefined ? [] : logs.filter(({ block }) => block >= from && block <= to);
    return {
      result: found.map(({ block, address, topics, data, transaction = block, index = 0 }) => ({
        ...{ address, topics, data, blockNumber: hex(block), blockHash: word(block) },
        ...{ transactionHash: word(transaction), logIndex: hex(index), removed: false },
        ...(timedLogs ? { blockTimestamp: timeOf(block) } : {}),
      })),
    };
  };
  return httpServer((response, body) => {
    const asked = JSON.parse(body) as RpcCall | readonly RpcCall[];
    const one = (call: RpcCall) => ({ jsonrpc: '2.0', id: call.id, ...answer(call) });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(Array.isArray(asked) ? asked.map(one) : one(asked as RpcCall)));
  });
}

const chainOf = (url: string, more: Partial<typeof contracts> | object = {}) =>
  connectChain({ rpcUrls: [url], id: 4217, timeoutMs: 2_000, contracts: { ...contracts, ...more } });

async function part(given: Node, more: object = {}): Promise<IncidentPart> {
  await using server = await node(given);
  const settings = { pairs: { 'AlphaUSD-pathUSD': { id: pair } } } as never;
  const ctx = { chain: () => chainOf(server.url, more), settings, signal: new AbortController().signal };
  return await readChainPart(ctx, span, () => {});
}
const linesOf = ({ entries }: IncidentPart) =>
  entries.map((entry) => [(entry.at.getTime() - start) / 1000, entry.level, entry.what]);
/** One block each five seconds, from a minute before the timeline to its end. */
const steady = Array.from({ length: 25 }, (_, block) => (block - 12) * 5);
/** 5 000 blocks within the minute: more than one request takes. */
const crowded = Array.from({ length: 5_001 }, (_, block) => Math.floor((block * 60) / 5_000));
/** Of `steady` the block of a second. */
const blockAt = (seconds: number) => 12 + seconds / 5;

describe('the block of a time', () => {
  const uneven = [-500, -499, -300, -1, 0, 0, 1, 40, 41, 60];
  it.each<[string, readonly number[], number, number | undefined]>([
    ['a block of just that time', steady, 20, blockAt(20)],
    ['between two: the later one', steady, 21, blockAt(25)],
    ['the first of several of one second', uneven, 0, 4],
    ['blocks of uneven distance', uneven, 2, 7],
    ['before the first block', steady, -9_000, 0],
    ['the head', steady, 60, 24],
    ['after the head', steady, 61, undefined],
  ])('%s', async (_, times, seconds, expected) => {
    await using server = await node({ times });
    const head = { number: times.length - 1, timestamp: start / 1000 + (times.at(-1) ?? 0) };
    const found = await findBlockAt(chainOf(server.url), { at: start / 1000 + seconds, head });
    expect(found?.number).toBe(expected);
  });

  const timeOf = (block: number) => start / 1000 + block * 2;
  const million = async (first: number, at: number) => {
    await using server = await httpServer((response, body) => {
      const asked = [JSON.parse(body)].flat() as readonly RpcCall[];
      const answers = asked.map(({ id, params }) => {
        const number = Number(params[0]);
        const block = { number: hex(number), hash: word(number), timestamp: hex(timeOf(number)) };
        return { jsonrpc: '2.0', id, result: number < first ? null : block };
      });
      response.end(JSON.stringify(body.startsWith('[') ? answers : answers[0]));
    });
    const head = { number: 1_000_000, timestamp: timeOf(1_000_000) };
    return { found: await findBlockAt(chainOf(server.url), { at, head }), requests: server.requests };
  };

  it('of a million blocks → few round trips', async () => {
    const { found, requests } = await million(0, timeOf(1_234) - 1);
    expect(found).toEqual({ number: 1_234, timestamp: timeOf(1_234), isFirstKept: false });
    expect(requests).toBeLessThanOrEqual(7);
  });

  it('the nodes have lost the older blocks → the first that they kept, and that it is', async () => {
    const { found } = await million(700_001, timeOf(1_234));
    expect(found).toEqual({ number: 700_001, timestamp: timeOf(700_001), isFirstKept: true });
    const { found: kept } = await million(700_001, timeOf(900_000));
    expect(kept).toMatchObject({ number: 900_000, isFirstKept: false });
  });
});

describe('events of the contracts', () => {
  it('changes one by one, of the blocks of the time alone', async () => {
    const found = await part({
      times: steady,
      logs: [
        paused(blockAt(-5), true),
        paused(blockAt(0), true),
        indexed(blockAt(10), 'CircuitBreakerTriggered', { pairId: pair, by: account('b') }),
        indexed(blockAt(15), 'RoleGranted', { role: zeroHash, account: account('c'), sender: account('d') }),
        paused(blockAt(60), false),
      ],
    });
    expect(linesOf(found)).toEqual([
      [0, 'warn', expect.stringMatching(/^protocol paused by 0xa{40}$/i)],
      [60, 'good', expect.stringMatching(/^protocol unpaused by 0xa{40}$/i)],
      [10, 'warn', expect.stringMatching(/^circuit breaker of AlphaUSD-pathUSD tripped by 0xb{40}$/i)],
      // The registry here does not name its roles.
      [15, 'warn', expect.stringMatching(/^role 0x0{64} granted to 0xc{40} by 0xd{40}$/i)],
    ]);
    expect(found.report).toMatchObject({
      state: 'read',
      summary: expect.stringContaining('4 events in blocks 12 to 24'),
    });
    expect(found.missing).toEqual([]);
    expect(found.remarks).toEqual([expect.stringContaining('roles are shown by their ids')]);
  });

  it('what a transaction does several times is one line; so is a frequent kind', async () => {
    const cancelled = (block: number, order: number, transaction: number) =>
      indexed(
        block,
        'OrderCancelled',
        { pairId: pair, orderId: BigInt(order) },
        { transaction, index: order },
      );
    const three = [1, 2, 3].map((order) => cancelled(blockAt(20), order, 900));
    expect(linesOf(await part({ times: steady, logs: [...three, cancelled(blockAt(25), 9, 901)] }))).toEqual([
      [20, 'info', '3 × OrderCancelled of DexStrategy'],
      [25, 'info', 'OrderCancelled of DexStrategy: pairId AlphaUSD-pathUSD, orderId 9'],
    ]);
    const many = Array.from({ length: 50 }, (_, order) => cancelled(blockAt(20) + (order % 3), order, order));
    expect(linesOf(await part({ times: steady, logs: many }))).toEqual([
      [20, 'info', '50 × OrderCancelled of DexStrategy'],
    ]);
  });

  it('logs without times → those of their blocks', async () => {
    const uneven = [-100, -1, 3, 4, 5, 59, 60];
    const found = await part({ times: uneven, timedLogs: false, logs: [paused(4, true), paused(5, false)] });
    expect(linesOf(found).map(([seconds]) => seconds)).toEqual([5, 59]);
    expect(found.entries.map(({ about }) => about)).toEqual([undefined, undefined]);
  });
});

describe('what is missing', () => {
  const seconds = (found: IncidentPart) =>
    found.missing.map(({ from, to }) => [(from.getTime() - start) / 1000, (to.getTime() - start) / 1000]);

  it.each<[string, Node, object, string, readonly (readonly number[])[], RegExp]>([
    ['another chain', { times: steady, chainId: 1 }, {}, 'unread', [[0, 60]], /on chain 1, not 4217/],
    [
      'a part that the node no longer has',
      { times: crowded, logs: [paused(80, true)], failsFrom: 2_000 },
      {},
      'partly',
      [[24, 60]],
      /missing trie node|pruned|no longer|does not have/,
    ],
    [
      'the older part that the node no longer has',
      { times: steady, logs: [paused(blockAt(35), true)], prunedTo: blockAt(30) },
      {},
      'partly',
      [[0, 30]],
      /no longer has these blocks/,
    ],
    [
      'all of it',
      { times: steady, prunedTo: 99 },
      {},
      'unread',
      [[0, 60]],
      /does not have the blocks of this time/,
    ],
    [
      'a head that stands',
      { times: steady.slice(0, blockAt(20) + 1) },
      {},
      'read',
      [[20, 60]],
      /newest block of the RPC node/,
    ],
    ['a head that is older than all of it', { times: [-900, -800] }, {}, 'partly', [[0, 60]], /newest block/],
    [
      'a contract without an address',
      { times: steady },
      { treasuryVault: undefined },
      'partly',
      [[0, 60]],
      /TreasuryVault/,
    ],
  ])('%s', async (_, given, more, state, missing, reason) => {
    const found = await part(given, more);
    expect(found.report.state).toBe(state);
    expect(seconds(found)).toEqual(missing);
    expect(found.missing[0]?.reason).toMatch(reason);
  });

  it('no block in this time: known only of a node whose head is newer', async () => {
    const old = await part({ times: [-900, -800] });
    expect(old.report.summary).toMatch(/^no block of this time is known; the newest is/);
    const newer = await part({ times: [-900, -800, 900] });
    expect(newer.report).toMatchObject({
      ...{ state: 'read', summary: expect.stringMatching(/^no block was made in this time/) },
    });
  });

  it('no node → unread, with the whole time', async () => {
    const server = await node({ times: steady });
    await server[Symbol.asyncDispose]();
    const ctx = {
      ...{ chain: () => chainOf(server.url), settings: { pairs: {} } as never },
      signal: new AbortController().signal,
    };
    const found = await readChainPart(ctx, span, () => {});
    expect([found.report.state, seconds(found)]).toEqual(['unread', [[0, 60]]]);
  });

  it('a log of a contract that was not asked for → nothing of the node is believed', async () => {
    const foreign = { ...paused(blockAt(5), true), address: account('9') };
    const found = await part({ times: steady, logs: [foreign] });
    expect([found.entries, found.report.state, seconds(found)]).toEqual([[], 'partly', [[0, 60]]]);
  });
});
