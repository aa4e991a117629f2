import { encodeAbiParameters, encodeEventTopics, parseAbi, zeroHash } from 'viem';
import { describe, expect, it } from 'vitest';
import { renderEventTrace } from '../../runbooks/trace.events.render.ts';
import {
  type EventTrace,
  isComplete,
  lifeOf,
  traceAddress,
  traceDeposit,
} from '../../runbooks/trace.events.ts';
import { storedAs } from '../../runbooks/trace.rows.ts';
import traceSchema from '../../runbooks/trace.schema.ts';
import trace from '../../runbooks/trace.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { TvError, UnavailableError } from '../../src/errors/TvError.ts';
import type { ToolContext } from '../../src/runbook/define.ts';
import { plainPaint } from '../support/paint.ts';
import { RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const account = (digits: string) => `0x${digits.repeat(20)}` as const;
const contracts = {
  governanceRoles: account('11'),
  riskController: account('22'),
  treasuryVault: account('33'),
  dexStrategy: account('44'),
};
const alpha = account('a1');
const beta = account('b2');
const alice = account('c3');
const bob = account('d4');
const abi = parseAbi([
  'event Deposited(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed depositor, uint256 newBalance)',
  'event Withdrawn(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance)',
  'event CapitalDeployed(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed strategy, address token, uint256 amount, bytes32 pairId)',
  'event CapitalRecalled(uint256 indexed vaultId, uint256 indexed deploymentId, uint256 amount)',
  'event Paused(address account)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
]);
const quantity = (value: number) => `0x${value.toString(16)}`;
const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`;
const units = (...values: readonly bigint[]) =>
  encodeAbiParameters(
    values.map(() => ({ type: 'uint256' })),
    values,
  );

interface Log {
  readonly block: number;
  readonly address: `0x${string}`;
  readonly topics: readonly unknown[];
  readonly data: `0x${string}`;
  readonly index?: number;
}
type Topics = readonly unknown[];
const topics = (eventName: string, args: object): Topics =>
  encodeEventTopics({ abi, eventName: eventName as never, args: args as never });

const deposited = (block: number, amount: bigint, more: { by?: string; token?: string } = {}): Log => ({
  ...{ block, address: contracts.treasuryVault, data: units(amount, amount * 2n) },
  topics: topics('Deposited', { vaultId: 1n, token: more.token ?? alpha, depositor: more.by ?? alice }),
});
const withdrawn = (block: number, amount: bigint, to: string, token: string = alpha): Log => ({
  ...{ block, address: contracts.treasuryVault, data: units(amount, 0n) },
  topics: topics('Withdrawn', { vaultId: 1n, token, recipient: to }),
});
const deployed = (block: number, id: bigint, token: string, amount: bigint): Log => ({
  ...{ block, address: contracts.treasuryVault },
  topics: topics('CapitalDeployed', { vaultId: 1n, deploymentId: id, strategy: contracts.dexStrategy }),
  data: encodeAbiParameters(
    [{ type: 'address' }, { type: 'uint256' }, { type: 'bytes32' }],
    [token as `0x${string}`, amount, word(7)],
  ),
});
const recalled = (block: number, id: bigint, amount: bigint): Log => ({
  ...{ block, address: contracts.treasuryVault, data: units(amount) },
  topics: topics('CapitalRecalled', { vaultId: 1n, deploymentId: id }),
});
const paused = (block: number, by: `0x${string}`): Log => ({
  ...{ block, address: contracts.treasuryVault, data: encodeAbiParameters([{ type: 'address' }], [by]) },
  topics: topics('Paused', {}),
});
const granted = (block: number, to: string, by: string): Log => ({
  ...{ block, address: contracts.governanceRoles, data: '0x' },
  topics: topics('RoleGranted', { role: zeroHash, account: to, sender: by }),
});

interface Node {
  readonly logs: readonly Log[];
  readonly head?: number;
  readonly chainId?: number;
  /** Logs of earlier blocks are gone. */
  readonly prunedTo?: number;
  /** More blocks at once are refused. */
  readonly widest?: number;
  /** Ignores the filter by topics. */
  readonly ignoresTopics?: boolean;
  /** `eth_getLogs` returns nothing, though blocks and receipts have logs. */
  readonly withoutIndex?: boolean;
  readonly failed?: readonly number[];
}

/** A node with one transaction in each block that has logs; its hash is the number of the block. */
function node({ logs, head = 1_000, chainId = 4217, ...more }: Node) {
  const shown = (log: Log) => ({
    ...{ address: log.address, topics: log.topics, data: log.data, removed: false },
    ...{ blockNumber: quantity(log.block), blockHash: word(log.block), transactionHash: word(log.block) },
    logIndex: quantity(log.index ?? 0),
  });
  const isFitting = (log: Log, filter: { address: string | readonly string[]; topics?: Topics }) =>
    [filter.address].flat().some((one) => one.toLowerCase() === log.address) &&
    (more.ignoresTopics === true ||
      (filter.topics ?? []).every(
        (wanted, at) => wanted === null || [wanted].flat().includes(log.topics[at] as object),
      ));
  return rpcServer(({ method, params }) => {
    if (method === 'eth_chainId') return quantity(chainId);
    if (method === 'eth_blockNumber') return quantity(head);
    if (method === 'eth_getBlockByNumber') {
      const number = params[0] === 'latest' ? head : Number(params[0]);
      const has = logs.some(({ block }) => block === number);
      return {
        ...{ number: quantity(number), hash: word(number), timestamp: quantity(1_800_000_000 + number) },
        ...{ logsBloom: `0x${(has ? '1' : '0').repeat(512)}`, transactions: has ? [word(number)] : [] },
      };
    }
    if (method === 'eth_getTransactionReceipt') {
      const mine = logs.filter(({ block }) => word(block) === params[0]);
      const [first] = mine;
      if (first === undefined) return null;
      return {
        ...{ transactionHash: params[0], blockNumber: quantity(first.block), blockHash: word(first.block) },
        ...{ status: more.failed?.includes(first.block) === true ? '0x0' : '0x1', logs: mine.map(shown) },
      };
    }
    if (method === 'eth_call') {
      const { to, data } = params[0] as { to: string; data: string };
      if (![alpha, beta].some((token) => token === to.toLowerCase()))
        throw new RpcRefusal(3, 'execution reverted');
      if (data.startsWith('0x313ce567')) return word(6);
      return encodeAbiParameters([{ type: 'string' }], [to.toLowerCase() === alpha ? 'AlphaUSD' : 'BetaUSD']);
    }
    if (method !== 'eth_getLogs') throw new RpcRefusal(-32601, `unforeseen: ${method}`);
    const filter = params[0] as { fromBlock: string; toBlock: string; address: string[]; topics?: Topics };
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
    if (more.widest !== undefined && to - from >= more.widest) {
      throw new RpcRefusal(-32005, `query exceeds max block range of ${more.widest}`);
    }
    if (more.prunedTo !== undefined && from < more.prunedTo) {
      throw new RpcRefusal(-32000, 'missing trie node: history pruned');
    }
    if (more.withoutIndex === true) return [];
    return logs.filter((log) => log.block >= from && log.block <= to && isFitting(log, filter)).map(shown);
  });
}

const databaseAway = () => {
  throw new UnavailableError('db.unreachable', 'The database does not answer.', { next: ['start it'] });
};
async function through<T>(given: Node, use: (ctx: ToolContext) => Promise<T>, more: object = {}): Promise<T> {
  await using server = await node(given);
  const chain = connectChain({
    ...{ rpcUrls: [server.url], id: 4217, timeoutMs: 2_000 },
    contracts: { ...contracts, ...more },
  });
  const ctx = { chain: () => chain, database: databaseAway, signal: new AbortController().signal };
  return await use(ctx as unknown as ToolContext);
}
const ofAddress = (given: Node, input: object = {}, more: object = {}) =>
  through(given, (ctx) => traceAddress(ctx, { address: alice, ...input }), more);
const ofDeposit = (given: Node, deposit: string) => through(given, (ctx) => traceDeposit(ctx, deposit));
const linesOf = ({ events }: EventTrace) =>
  events.map(({ block, name, as, words }) => [block, name, as, words]);
const gapsOf = ({ gaps }: EventTrace) =>
  gaps.filter(({ of, isChosen }) => of === 'chain' && !isChosen).map(({ from, to }) => [from, to]);
const flat = (text: string) => text.replaceAll(/\s+/g, ' ');
const screen = (data: EventTrace, width = 80) => renderEventTrace(data, plainPaint(width));

describe('an address', () => {
  const logs = [
    deposited(10, 1_500_000n),
    deposited(11, 9n, { by: bob }),
    granted(20, bob, alice),
    paused(30, alice),
    paused(31, bob),
    withdrawn(40, 2_000_000n, alice),
  ];

  it('as depositor, sender, in the data of an event, recipient: in order of time, amounts in tokens', async () => {
    const found = await ofAddress({ logs });
    expect(linesOf(found)).toEqual([
      [
        10,
        'Deposited',
        ['depositor'],
        expect.stringMatching(/^1\.5 AlphaUSD by 0xc3.*balance then 3 AlphaUSD$/i),
      ],
      [20, 'RoleGranted', ['sender'], expect.stringMatching(/sender 0xc3/i)],
      [30, 'Paused', ['account'], expect.stringMatching(/^account 0xc3/i)],
      [40, 'Withdrawn', ['recipient'], expect.stringMatching(/^2 AlphaUSD to 0xc3/i)],
    ]);
    expect(found.events.map(({ at }) => at)).toEqual([10, 20, 30, 40].map((block) => 1_800_000_000 + block));
    expect(found.blocks).toEqual({ from: 0, to: 1_000 });
    expect(gapsOf(found)).toEqual([]);
  });

  it('without the database: rows unknown, never missing', async () => {
    const found = await ofAddress({ logs });
    expect(found.events.map(({ stored, why }) => [stored, why])).toEqual(Array(4).fill([null, null]));
    expect(isComplete(found)).toBe(false);
    expect(found.next).toEqual([]);
    expect(flat(screen(found))).toContain('rows of the events: The database does not answer');
    expect(screen(found)).not.toContain('no row');
  });

  it('a part of the blocks: those alone, and the others are named', async () => {
    const found = await ofAddress({ logs }, { fromBlock: 15, toBlock: 35 });
    expect(found.events.map(({ block }) => block)).toEqual([20, 30]);
    expect(found.gaps.filter(({ of }) => of === 'chain').map(({ from, to }) => [from, to])).toEqual([
      [0, 14],
      [36, 1_000],
    ]);
  });

  it('a node with a narrow range of blocks: all of it, in pieces', async () => {
    const found = await ofAddress({ logs, widest: 100 });
    expect(found.events.map(({ block }) => block)).toEqual([10, 20, 30, 40]);
    expect(gapsOf(found)).toEqual([]);
  });

  it('a node without old logs: what it has, and the blocks that are unknown', async () => {
    const found = await ofAddress({ logs, prunedTo: 25 });
    expect(found.events.map(({ block }) => block)).toEqual([30, 40]);
    expect(gapsOf(found)).toEqual([[0, expect.any(Number)]]);
    const [gap] = gapsOf(found);
    // Pieces are halved: the end is not block by block, but no earlier than the lost ones, and no later than what was shown.
    expect(gap?.[1]).toBeGreaterThanOrEqual(24);
    expect(gap?.[1]).toBeLessThan(30);
    expect(isComplete(found)).toBe(false);
  });

  it.each<[string, Node, RegExp]>([
    ['no logs at all on a pruned node', { logs, prunedTo: 2_000 }, /does not have the blocks or logs/],
    ['no index of logs', { logs, withoutIndex: true }, /eth_getLogs|log index/],
    ['a filter that the node ignores', { logs, ignoresTopics: true }, /not asked for/],
    ['another chain', { logs, chainId: 1 }, /chain 1, not 4217/],
  ])('%s → unknown with the reason, never none', async (_, given, reason) => {
    const found = await ofAddress(given);
    expect(found.events).toEqual([]);
    expect(isComplete(found)).toBe(false);
    expect(flat(screen(found))).toMatch(reason);
    expect(screen(found)).not.toContain('No event');
  });

  it('more than fifty events: the newest fifty, and from where on there are more', async () => {
    const many = Array.from({ length: 80 }, (_, at) => deposited(100 + at, 1n));
    const found = await ofAddress({ logs: many });
    expect(found.events).toHaveLength(50);
    expect(found.events[0]?.block).toBe(130);
    expect(found.gaps[0]).toMatchObject({ of: 'chain', from: 0, to: 129, isChosen: true });
    expect(found.next).toContainEqual(
      expect.objectContaining({ tv: ['trace', '--address', alice, '--to-block', '129'] }),
    );
  });

  it('a contract without an address is named', async () => {
    const found = await ofAddress({ logs }, {}, { governanceRoles: undefined });
    expect(found.events.map(({ block }) => block)).toEqual([10, 30, 40]);
    expect(found.notes.join()).toContain('GovernanceRoles');
  });

  it('a range without blocks → usage error', async () => {
    await expect(ofAddress({ logs }, { fromBlock: 50, toBlock: 40 })).rejects.toMatchObject({
      code: 'usage.malformed-value',
    });
  });
});

describe('a deposit', () => {
  const logs = [
    deployed(5, 1n, alpha, 7n),
    deposited(10, 4_000_000n),
    deployed(20, 2n, alpha, 3_000_000n),
    deployed(21, 3n, beta, 8n),
    recalled(30, 1n, 7n),
    recalled(31, 2n, 2_500_000n),
    withdrawn(40, 1_000_000n, bob),
    withdrawn(41, 1n, alice, beta),
  ];

  it('what the vault did with its token since; recalls by their deployments, in tokens', async () => {
    const found = await ofDeposit({ logs }, word(10));
    expect(linesOf(found).map(([block, name, , words]) => [block, name, words])).toEqual([
      [10, 'Deposited', expect.stringMatching(/^4 AlphaUSD by 0xc3/i)],
      [20, 'CapitalDeployed', expect.stringMatching(/^3 AlphaUSD to strategy .* deployment 2,/)],
      [31, 'CapitalRecalled', '2.5 AlphaUSD from deployment 2'],
      [40, 'Withdrawn', expect.stringMatching(/^1 AlphaUSD to 0xd4/i)],
    ]);
    expect(found.notes.join()).toMatch(/left out .*: 1$/);
    expect(found.blocks).toEqual({ from: 10, to: 1_000 });
  });

  it.each<[string, Node, string, RegExp]>([
    ['a transaction that deposits nothing', { logs }, word(40), /made no deposit into the vault/],
    ['a reverted one', { logs, failed: [10] }, word(10), /reverted: it made no deposit/],
    ['one that no node has', { logs }, word(99), /no RPC node that was asked has its receipt/],
  ])('%s: said as what it is', async (_, given, hash, none) => {
    const found = await ofDeposit(given, hash);
    expect(found.none).toMatch(none);
    expect(isComplete(found)).toBe(false);
  });

  it.each<[string, Node, string, RegExp]>([
    ['by a row, without the database', { logs }, '7', /database does not answer/],
    ['another chain', { logs, chainId: 1 }, word(10), /chain 1, not 4217/],
  ])('%s → unknown, not none', async (_, given, deposit, reason) => {
    const found = await ofDeposit(given, deposit);
    expect(found.none).toBeNull();
    expect(found.rows).toMatchObject({ known: false, reason: expect.stringMatching(reason) });
    expect(screen(found)).toContain('Unknown');
  });

  it('later logs that the node does not have: the deposit, and the blocks that are unknown', async () => {
    const found = await ofDeposit({ logs, prunedTo: 2_000 }, word(10));
    expect(found.events.map(({ block }) => block)).toEqual([10]);
    expect(gapsOf(found)).toEqual([[10, 1_000]]);
  });

  it('events before it in its own block are not of its life', () => {
    const event = (block: number, logIndex: number, name: string, args: object) =>
      ({ block, logIndex, name, args: { token: alpha, ...args } }) as never;
    const first = event(10, 5, 'Deposited', {});
    const earlier = event(10, 4, 'Withdrawn', {});
    const later = event(10, 6, 'Withdrawn', {});
    expect(lifeOf([first], [earlier, first, later]).kept).toEqual([first, later].slice(1));
  });
});

describe('rows of an event', () => {
  const deposit = topics('Deposited', { vaultId: 1n, token: alpha, depositor: alice })[0] as `0x${string}`;
  const log = {
    block: 10,
    transactionHash: word(10),
    logIndex: 3,
    topic: deposit,
    unstorable: false,
    address: contracts.treasuryVault,
  };
  const row = (more: object) => ({
    ...{ table: 'deposits', transactionHash: word(10), logIndex: 3, kind: null, contract: null },
    ...{ children: [], ...more },
  });
  const cursor = (value: number | null) => ({ known: true, value }) as const;
  const known = (...rows: readonly ReturnType<typeof row>[]) => ({ known: true, value: rows }) as const;
  const away = { known: false, reason: 'away' } as const;
  it.each([
    ['its row', known(row({})), cursor(20), true, null],
    ['the row of another log', known(row({ logIndex: 4 })), cursor(20), false, /skipped or lost/],
    [
      'a row of the same log index elsewhere',
      known(row({ transactionHash: word(9) })),
      cursor(20),
      false,
      /lost/,
    ],
    [
      'its row, with its contract in capitals',
      known(row({ contract: contracts.treasuryVault.toUpperCase() })),
      cursor(20),
      true,
      null,
    ],
    [
      'a row of another contract in its place',
      known(row({ table: 'events', kind: 'Deposited', contract: alice })),
      cursor(20),
      false,
      /row in events differs from its log: contract 0x/,
    ],
    [
      'a row of another kind in its place',
      known(row({ table: 'events', kind: 'Withdrawn', contract: contracts.treasuryVault })),
      cursor(20),
      false,
      /kind Withdrawn, on the chain Deposited/,
    ],
    ['a table without log indexes', known(row({ logIndex: null })), cursor(20), true, null],
    [
      'another kind without log indexes',
      known(row({ table: 'recalls', logIndex: null })),
      cursor(20),
      false,
      /lost/,
    ],
    ['the indexer is not there yet', known(), cursor(9), false, /not indexed yet: the cursor is at 9/],
    ['the cursor is unknown', known(), away, false, /whether the indexer has come so far is unknown/],
    ['rows unknown', away, cursor(20), null, null],
  ])('%s', (_, rows, at, stored, why) => {
    const found = storedAs(log, rows, at);
    expect(found.stored).toBe(stored);
    if (why === null) expect(found.why).toBeNull();
    else expect(found.why).toMatch(why);
  });
});

it('a kind that cannot be stored, with a row of another contract in its place → not excused', () => {
  const log = { block: 10, transactionHash: word(10), logIndex: 3, topic: undefined, address: bob };
  const row = {
    table: 'events',
    transactionHash: word(10),
    logIndex: 3,
    kind: null,
    contract: alice,
    children: [],
  };
  const found = storedAs(
    { ...log, unstorable: true },
    { known: true, value: [row] },
    { known: true, value: 20 },
  );
  expect(found).toMatchObject({ stored: false, tables: ['events'], unstorable: false });
});

describe('the call', () => {
  const hash = word(10);
  const call = (input: object) =>
    (async () => trace.collect({} as ToolContext, input as never))().then(
      () => undefined,
      (error: unknown) => (error instanceof TvError ? error.code : error),
    );
  it.each<[string, object, string]>([
    ['nothing', {}, 'usage.missing-value'],
    ['two', { hash, deposit: '7' }, 'usage.conflicting-flags'],
    ['two flags', { address: alice, deposit: '7' }, 'usage.conflicting-flags'],
    ['blocks without an address', { hash, fromBlock: 1 }, 'usage.conflicting-flags'],
    ['no address', { address: '0x12' }, 'usage.malformed-address'],
    [
      'a wrong checksum',
      { address: '0x90f79bf6EB2c4f870365E785982E1f101E93b906' },
      'usage.malformed-address',
    ],
  ])('%s → %s', async (_, input, code) => {
    expect(await call(input)).toBe(code);
  });

  it.each([
    ['0x12', false],
    ['', false],
    ['-1', false],
    ['7', true],
    [hash, true],
  ])('--deposit %j', (value, isTaken) => {
    expect(trace.input.deposit.schema.safeParse(value).success).toBe(isTaken);
  });

  it('lines fit 60 columns, and the document its schema', async () => {
    const found = await ofDeposit({ logs: [deposited(10, 4_000_000n), deployed(20, 2n, alpha, 3n)] }, hash);
    expect(
      screen(found, 60)
        .split('\n')
        .filter((line) => line.length > 60),
    ).toEqual([]);
    expect(traceSchema.safeParse({ ...found, next: [] }).error).toBeUndefined();
  });
});
