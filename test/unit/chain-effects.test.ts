import {
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  parseAbi,
  toEventSelector,
  toFunctionSelector,
} from 'viem';
import { afterEach, describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { changesOf } from '../../src/chain/effects/changes.ts';
import { compareEffects } from '../../src/chain/effects/compareEffects.ts';
import { previewEffects } from '../../src/chain/effects/previewEffects.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import type { Change, PlannedStep, StepEffects } from '../../src/runbook/effects.ts';
import { callRpc, type HttpServer, RpcRefusal, rpcServer } from '../support/rpcServer.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

const address = (digit: string) => `0x${digit.repeat(40)}` as const;
const [roles, risk, vault, strategy] = ['1', '2', '3', '4'].map(address) as `0x${string}`[];
const contracts = {
  governanceRoles: roles,
  riskController: risk,
  treasuryVault: vault,
  dexStrategy: strategy,
};
const [token, sender, recipient, stranger] = ['a', 'b', 'c', 'd'].map(address) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const feeToken = '0x20c0000000000000000000000000000000000001';
const feeManager = '0xfeec000000000000000000000000000000000000';
const pair = `0x${'9'.repeat(64)}` as const;

const abi = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed by)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event OrderCancelled(uint128 indexed orderId)',
  'function balanceOf(address) view returns (uint256)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function getDexBalance(address) view returns (uint128)',
  'function hasRole(bytes32, address) view returns (bool)',
  'function paused() view returns (bool)',
  'function pairCircuitBroken(bytes32) view returns (bool)',
  'function transfer(address, uint256)',
  'function withdraw(address, uint256, address)',
  'function triggerCircuitBreaker(bytes32)',
  'function toggleGlobalPause(bool)',
]);
const call = (to: `0x${string}`, functionName: never, args: readonly unknown[]) => ({
  to,
  data: encodeFunctionData({ abi, functionName, args } as never),
});
const log = (of: `0x${string}`, eventName: string, args: object, data: `0x${string}` = '0x') => ({
  address: of,
  topics: encodeEventTopics({ abi, eventName, args } as never) as `0x${string}`[],
  data,
});
const number = (value: bigint) => encodeAbiParameters([{ type: 'uint256' }], [value]);
const transfer = (of: `0x${string}`, from: `0x${string}`, to: `0x${string}`, amount: bigint) =>
  log(of, 'Transfer', { from, to }, number(amount));

describe('changes by logs', () => {
  it('transfers of one token between two accounts are summed up, the fee and the nonce are left out', () => {
    const logs = [
      transfer(token, vault as never, recipient, 5n),
      transfer(token, vault as never, recipient, 7n),
      transfer(feeToken, sender, feeManager, 100n),
      transfer(feeToken, feeManager, sender, 20n),
      { address: '0x4e4f4e4345000000000000000000000000000000' as const, topics: [pair], data: '0x' as const },
    ];
    expect(changesOf(logs, sender, contracts as never)).toEqual([
      { kind: 'transfer', token, from: vault, to: recipient, amount: '12' },
      { kind: 'event', contract: token, event: 'Transfer', count: 2 },
    ]);
  });

  it("a transfer to the fee manager that is not the sender's own is shown", () => {
    const [change] = changesOf([transfer(feeToken, stranger, feeManager, 1n)], sender, contracts as never);
    expect(change).toEqual({
      kind: 'transfer',
      token: feeToken,
      from: stranger,
      to: feeManager,
      amount: '1',
    });
  });

  it('an event of unknown signature is named by its topic; one whose data do not fit is an event alone', () => {
    const broken = { ...transfer(token, sender, recipient, 1n), data: '0x' as const };
    const strange = { address: risk as never, topics: [pair], data: '0x' as const };
    expect(changesOf([broken, strange], sender, contracts as never)).toEqual([
      { kind: 'event', contract: token, event: 'Transfer', count: 1 },
      { kind: 'event', contract: risk, event: pair, count: 1 },
    ]);
  });

  it('a pause, a breaker or a role of another contract than the protocol is an event alone', () => {
    const toggled = (of: `0x${string}`) =>
      log(of, 'GlobalPauseToggled', { by: sender }, encodeAbiParameters([{ type: 'bool' }], [true]));
    const tripped = (of: `0x${string}`) => log(of, 'CircuitBreakerTriggered', { pairId: pair, by: sender });
    const kinds = (logs: Parameters<typeof changesOf>[0]) =>
      changesOf(logs, sender, contracts as never).map(({ kind }) => kind);
    expect(kinds([toggled(risk as never), tripped(risk as never)])).toEqual([
      'pause',
      'breaker',
      'event',
      'event',
    ]);
    expect(kinds([toggled(token), tripped(token)])).toEqual(['event', 'event']);
  });

  it('1 000 transfers to 1 000 accounts are 1 000 transfers and one kind of event', () => {
    const to = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as const;
    const logs = Array.from({ length: 1_000 }, (_, index) => transfer(token, sender, to(index + 1), 1n));
    const changes = changesOf(logs, sender, contracts as never);
    expect(changes.filter(({ kind }) => kind === 'transfer')).toHaveLength(1_000);
    expect(changes.at(-1)).toEqual({ kind: 'event', contract: token, event: 'Transfer', count: 1_000 });
  });
});

/** A node whose simulation has these balances and states; `logs` are those of the transactions, in order. */
interface World {
  readonly before: Readonly<Record<string, bigint>>;
  readonly after: Readonly<Record<string, bigint>>;
  readonly logs: readonly (readonly object[] | 'reverts')[];
}

const ok = (returnData: string, logs: readonly object[] = []) => ({
  status: '0x1',
  gasUsed: '0x5208',
  returnData,
  logs,
});
const reverted = (returnData = '0x') => ({ status: '0x0', gasUsed: '0x5208', returnData, logs: [] });
const selector = (name: string) =>
  encodeFunctionData({ abi, functionName: name, args: name === 'hasRole' ? [pair, sender] : [] } as never);
const text = (value: string) => encodeAbiParameters([{ type: 'string' }], [value]);
const symbolCall = selector('symbol');
const decimalsCall = selector('decimals');

function simulated({ before, after, logs }: World, request: readonly unknown[]) {
  const [{ blockStateCalls }] = request as never as [
    { blockStateCalls: { calls: { to: string; data: string }[] }[] },
  ];
  const read = (values: World['before']) => (one: { to: string; data: string }) => {
    if (one.data === symbolCall) return ok(text('AlphaUSD'));
    if (one.data === decimalsCall) return ok(number(6n));
    const key = Object.keys(values).find((name) => `${one.to}${one.data}`.toLowerCase().includes(name));
    return key === undefined ? reverted() : ok(number(values[key] ?? 0n));
  };
  const [first, second, third] = blockStateCalls;
  return [
    { calls: first?.calls.map(read(before)) },
    {
      calls: second?.calls.map((_, index) =>
        logs[index] === 'reverts' ? reverted(protocolPaused) : ok('0x', logs[index] as never),
      ),
    },
    { calls: third?.calls.map(read(after)) },
  ];
}
const protocolPaused = toFunctionSelector('function ProtocolPaused()');

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
});

type ForkStart = NonNullable<Parameters<typeof previewEffects>[1]['startFork']>;
const headTime = 1_000;
async function nodeOf(
  answer: (params: readonly unknown[]) => unknown,
  others: Readonly<Record<string, unknown>> = {},
) {
  const requests: unknown[] = [];
  const server = await rpcServer(({ method, params }) => {
    if (method === 'eth_getBlockByNumber')
      return { number: '0x10', timestamp: `0x${headTime.toString(16)}`, hash: pair };
    if (method === 'eth_simulateV1') {
      requests.push(params[0]);
      return answer(params);
    }
    const said = others[method];
    if (said instanceof RpcRefusal || said === undefined) throw said ?? new RpcRefusal(-32601, 'not here');
    return said;
  });
  servers.push(server);
  const chain = connectChain({
    rpcUrls: [server.url],
    id: 4217,
    timeoutMs: 500,
    contracts: contracts as never,
  });
  const preview = (planned: readonly PlannedStep[], limitMs = 5_000, fork?: ForkStart) =>
    previewEffects(chain, {
      ...{ planned, pairs: {}, now: new Date((headTime + 60) * 1000), limitMs },
      ...(fork === undefined ? {} : { startFork: fork }),
    });
  return { chain, preview, requests, url: server.url };
}

const withdraw = {
  step: 'withdraw',
  sends: { from: sender, calls: [call(vault as never, 'withdraw' as never, [token, 5_000_000n, recipient])] },
};
const key = (account: string | undefined) =>
  `${token}${selectorOf('balanceOf')}${'0'.repeat(24)}${account?.slice(2)}`;
const selectorOf = (name: string) =>
  encodeFunctionData({ abi, functionName: name, args: [sender] } as never).slice(0, 10);
const dexKey = selectorOf('getDexBalance');
const paid: World = {
  before: {
    [key(vault)]: 9_000_000n,
    [key(strategy)]: 1_000_000n,
    [key(recipient)]: 0n,
    [dexKey]: 2_000_000n,
  },
  after: {
    [key(vault)]: 4_000_000n,
    [key(strategy)]: 1_000_000n,
    [key(recipient)]: 5_000_000n,
    [dexKey]: 2_000_000n,
  },
  logs: [[transfer(token, vault as never, recipient, 5_000_000n)]],
};

describe('preview', () => {
  it('a withdrawal → one request, balances of both parties, the capital adds up', async () => {
    const { preview, requests } = await nodeOf((params) => simulated(paid, params));
    const effects = await preview([withdraw]);
    expect(requests).toHaveLength(1);
    expect(effects).toMatchObject({
      method: 'sequence',
      balances: [
        { account: vault, before: '9000000', after: '4000000' },
        { account: strategy, before: '1000000', after: '1000000' },
        { account: recipient, before: '0', after: '5000000' },
      ],
      capital: [{ token, paidOut: '5000000', unaccounted: '0' }],
      tokens: [{ address: token, symbol: 'AlphaUSD', decimals: 6 }],
      contradictions: [],
    });
  });

  it('the blocks are of now, one second apart, and validation is off', async () => {
    const { preview, requests } = await nodeOf((params) => simulated(paid, params));
    await preview([withdraw]);
    const [request] = requests as [
      { blockStateCalls: { blockOverrides: { time: string } }[]; validation: boolean },
    ];
    const times = request.blockStateCalls.map(({ blockOverrides }) => Number(blockOverrides.time) - headTime);
    expect(times).toEqual([59, 60, 61]);
    expect(request.validation).toBe(false);
  });

  it('logs that name an account which no call does → a second request reads its balance', async () => {
    const logs = [
      transfer(token, vault as never, recipient, 5_000_000n),
      transfer(token, recipient, stranger, 1_000_000n),
    ];
    const world = {
      ...paid,
      before: { ...paid.before, [key(stranger)]: 7n },
      after: { ...paid.after, [key(recipient)]: 4_000_000n, [key(stranger)]: 1_000_007n },
      logs: [logs],
    };
    const { preview, requests } = await nodeOf((params) => simulated(world, params));
    const effects = await preview([withdraw]);
    expect(requests).toHaveLength(2);
    const balances = effects.method === 'sequence' ? effects.balances : [];
    expect(balances.at(-1)).toEqual({ token, account: stranger, before: '7', after: '1000007' });
    expect(effects).toMatchObject({ contradictions: [] });
  });

  it('balances that do not fit the transfers → a contradiction, and an amount unaccounted for', async () => {
    const { preview } = await nodeOf((params) =>
      simulated({ ...paid, after: { ...paid.after, [key(vault)]: 3_999_999n } }, params),
    );
    const effects = await preview([withdraw]);
    expect(effects).toMatchObject({
      contradictions: [expect.stringMatching(new RegExp(`${vault} changes by -5000001`))],
      capital: [{ unaccounted: '1' }],
    });
  });

  it('the third of three transactions reverts → that step fails, with the reason', async () => {
    const trip = (id: string) => ({
      step: id,
      sends: { from: sender, calls: [call(risk as never, 'triggerCircuitBreaker' as never, [pair])] },
    });
    const { preview } = await nodeOf((params) =>
      simulated({ before: {}, after: {}, logs: [[], [], 'reverts'] }, params),
    );
    const effects = await preview([trip('a'), trip('b'), trip('c')]);
    const results = effects.method === 'sequence' ? effects.steps.map(({ result }) => result) : [];
    expect(results).toEqual(['success', 'success', 'failure']);
    expect(effects).toMatchObject({ steps: [{}, {}, { reason: 'the protocol is paused' }] });
  });

  it('a state that does not come back is null, not "no"', async () => {
    const trip = {
      step: 'trip',
      sends: { from: sender, calls: [call(risk as never, 'triggerCircuitBreaker' as never, [pair])] },
    };
    const { preview } = await nodeOf((params) => simulated({ before: {}, after: {}, logs: [[]] }, params));
    expect(await preview([trip])).toMatchObject({
      states: [{ kind: 'breaker', subject: pair, before: null, after: null }],
    });
  });

  it.each<readonly [string, (params: readonly unknown[]) => unknown, RegExp]>([
    [
      'no such method',
      () => {
        throw new RpcRefusal(-32601, 'method not found');
      },
      /has no eth_simulateV1/,
    ],
    [
      'another name for it',
      () => {
        throw new RpcRefusal(-32600, 'Unsupported method: eth_simulateV1');
      },
      /refuses eth_simulateV1: Unsupported method/,
    ],
    [
      'parameters refused',
      () => {
        throw new RpcRefusal(-32602, 'unknown field blockOverrides');
      },
      /unknown field/,
    ],
    ['null', () => null, /something else than results/],
    ['a string', () => 'ok', /something else than results/],
    ['no blocks', () => [], /something else than results/],
    ['one block of three', (params) => simulated(paid, params).slice(0, 1), /something else than results/],
    [
      'a call without a result',
      (params) => simulated(paid, params).map(({ calls }) => ({ calls: calls?.slice(1) })),
      /something else than results/,
    ],
    [
      'a call without a status',
      (params) =>
        simulated(paid, params).map(({ calls }) => ({ calls: calls?.map(({ status: _, ...rest }) => rest) })),
      /something else than results/,
    ],
    [
      'a call without logs',
      (params) =>
        simulated(paid, params).map(({ calls }) => ({ calls: calls?.map(({ logs: _, ...rest }) => rest) })),
      /leaves the logs out/,
    ],
    [
      'a call that succeeds with an error',
      (params) =>
        simulated(paid, params).map(({ calls }) => ({
          calls: calls?.map((one) => ({ ...one, error: { code: 3, message: 'execution reverted' } })),
        })),
      /something else than results/,
    ],
    [
      'a call that runs out of the gas of the simulation',
      (params) =>
        simulated(paid, params).map(({ calls }, index) =>
          index === 1
            ? { calls: calls?.map(() => ({ ...reverted(), error: { code: -32015, message: 'out of gas' } })) }
            : { calls },
        ),
      /ran out of gas in eth_simulateV1: out of gas/,
    ],
  ])('%s → each call by itself, with the reason; what changes is unknown', async (_, answer, reason) => {
    const single = { eth_call: '0x', eth_estimateGas: '0x5208' };
    const { preview } = await nodeOf(answer, single);
    const effects = await preview([withdraw]);
    expect(effects).toMatchObject({
      method: 'single-calls',
      reason: expect.stringMatching(reason),
      steps: [{ step: 'withdraw', result: 'success', changes: [] }],
    });
  });

  it('by itself the first call that reverts fails; a later one may need those before it', async () => {
    const refused = new RpcRefusal(3, 'execution reverted');
    const { preview } = await nodeOf(() => null, { eth_call: refused, eth_estimateGas: refused });
    const effects = await preview([withdraw, { ...withdraw, step: 'second' }]);
    expect(effects).toMatchObject({ steps: [{ result: 'failure' }, { result: 'unknown' }] });
  });

  it('several calls of one transaction that run out of the gas of the simulation → each by itself', async () => {
    const ended = { ...reverted(), error: { code: -32015, message: 'out of gas' } };
    const { chain } = await nodeOf(() => [{ calls: [ok('0x'), ended] }], {
      eth_call: '0x',
      eth_estimateGas: '0x5208',
    });
    const [one] = withdraw.sends.calls;
    const calls = one === undefined ? [] : [one, one];
    expect(await simulate(chain, { from: sender, calls })).toEqual({ ok: true, gas: 42_000n, tried: true });
  });

  it('after the limit nothing more is asked in the background', async () => {
    const asked: string[] = [];
    const late = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const { chain, preview } = await nodeOf(async () => {
      await late.promise;
      setImmediate(answered.resolve);
      return null;
    });
    const request = chain.client.request.bind(chain.client);
    chain.client.request = ((call: { method: string }) => {
      asked.push(call.method);
      return request(call as never);
    }) as never;
    // Long enough for the block, which is asked for first, on a machine that has other things to do.
    expect(await preview([withdraw], 1_000)).toMatchObject({ method: 'none' });
    late.resolve();
    await answered.promise;
    // Another question to the same node comes after whatever else would have been sent.
    await request({ method: 'eth_getBlockByNumber', params: ['latest', false] });
    expect(asked).toEqual(['eth_getBlockByNumber', 'eth_simulateV1']);
  });

  it('a node that hangs → unknown after the limit, with the reason', async () => {
    const { preview } = await nodeOf(() => new Promise(() => {}));
    const start = performance.now();
    const effects = await preview([withdraw], 200);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(effects).toEqual({ method: 'none', reason: 'no answer within 0.2 s' });
  });
});

const unknownEvent = { address: risk as never, topics: [pair], data: '0x' as const };
const oracleIs = (newOracle: `0x${string}`) =>
  log(risk as never, 'OracleAddressUpdated', { oldOracle: sender, newOracle });

describe('a node that cannot simulate, and a local fork', () => {
  const single = { eth_call: '0x', eth_estimateGas: '0x5208', eth_getCode: '0x60' };
  const cannot = () => {
    throw new RpcRefusal(-32601, 'method not found');
  };

  it('the fork simulates, with the state through tv; the reason is kept; it ends', async () => {
    const fork = await nodeOf((params) => simulated(paid, params));
    const { preview } = await nodeOf(cannot, { ...single, eth_getBalance: '0x7' });
    const seen: unknown[] = [];
    const effects = await preview([withdraw], 5_000, async ({ upstream, block, network }) => {
      seen.push(block, network, await callRpc(upstream, 'eth_getBalance', [sender, 'latest']));
      return known({ url: fork.url, [Symbol.asyncDispose]: async () => void seen.push('ended') });
    });
    expect(effects).toMatchObject({
      method: 'sequence',
      fork: 'the RPC node has no eth_simulateV1',
      capital: [{ token, paidOut: '5000000', unaccounted: '0' }],
    });
    expect(seen).toEqual([16, 'tempo', '0x7', 'ended']);
  });

  it('what the fork is given passes reads on, and nothing else; it is closed afterwards', async () => {
    const { preview, url } = await nodeOf(cannot, {
      ...single,
      eth_sendRawTransaction: pair,
      eth_getBalance: new RpcRefusal(-32000, 'https://node.example/key-1234 is overloaded'),
    });
    let place = '';
    const refusals: string[] = [];
    await preview([withdraw], 5_000, async ({ upstream }) => {
      place = upstream;
      for (const method of ['eth_sendRawTransaction', 'eth_call', 'anvil_setBalance', 'eth_getBalance']) {
        await callRpc(upstream, method, []).catch((error: Error) => refusals.push(error.message));
      }
      return unknown('anvil is not installed here for a local fork');
    });
    const refused = 'only reads are passed on';
    expect(refusals).toEqual([refused, refused, refused, expect.stringMatching(/^the node did not answer/)]);
    expect(place).not.toBe(url);
    await expect(callRpc(place, 'eth_chainId')).rejects.toThrow();
  });

  it.each<readonly [string, ForkStart, RegExp]>([
    [
      'anvil is not installed',
      async () => unknown('anvil is not installed here for a local fork'),
      /^the RPC node has no eth_simulateV1; anvil is not installed here for a local fork$/,
    ],
    [
      'it never starts',
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      /; a local fork takes longer than 0.6 s$/,
    ],
    [
      'it answers nothing',
      async () => known({ url: 'http://127.0.0.1:1', [Symbol.asyncDispose]: async () => {} }),
      /; the local fork failed: /,
    ],
  ])('%s → each by itself, with both reasons', async (_, fork, reason) => {
    const { preview } = await nodeOf(cannot, single);
    expect(await preview([withdraw], 600, fork)).toMatchObject({
      method: 'single-calls',
      reason: expect.stringMatching(reason),
      steps: [{ step: 'withdraw', result: 'success' }],
    });
  });
});

describe('receipts compared with the preview', () => {
  const previewed = (changes: readonly Change[], moves = false): StepEffects => ({
    ...{ step: 'withdraw', result: 'success', reason: null, changes },
    ...(moves ? { moves: true as const } : {}),
  });
  const expected = changesOf([transfer(token, vault as never, recipient, 5n)], sender, contracts as never);
  const compare = async (
    logs: readonly object[] | undefined,
    step: StepEffects,
    given: { readonly planned?: PlannedStep['sends']; readonly calls?: PlannedStep['sends']['calls'] } = {},
  ) => {
    const { planned = withdraw.sends, calls = planned.calls } = given;
    const signed = { ...fakeSigned('a'), from: sender, calls };
    const receipt = logs && {
      ...{ transactionHash: signed.hash, blockNumber: '0x5', status: '0x1', gasUsed: '0x1' },
      logs,
    };
    const { chain } = await nodeOf(() => null, { eth_getTransactionReceipt: receipt ?? null });
    return compareEffects(chain, [{ step: 'withdraw', planned, previewed: step, signed }]);
  };

  it('the same → pass', async () => {
    const check = await compare([transfer(token, vault as never, recipient, 5n)], previewed(expected));
    expect(check).toMatchObject({ status: 'pass', summary: 'the transaction did what was previewed' });
  });

  it.each([
    ['another amount', [transfer(token, vault as never, recipient, 4n)], '4 of'],
    ['another recipient', [transfer(token, vault as never, stranger, 5n)], `to ${stranger}`],
    [
      'a role on top',
      [
        transfer(token, vault as never, recipient, 5n),
        log(roles as never, 'RoleGranted', { role: pair, account: stranger, sender }),
      ],
      'role',
    ],
    [
      'an order on top',
      [transfer(token, vault as never, recipient, 5n), log(stranger, 'OrderCancelled', { orderId: 7n })],
      `order 7 of ${stranger} cancelled`,
    ],
    [
      'one event more',
      [transfer(token, vault as never, recipient, 2n), transfer(token, vault as never, recipient, 3n)],
      '2 × Transfer',
    ],
    ['nothing', [], 'nothing'],
  ])('%s → blocks, with both sides', async (_, logs, shown) => {
    const check = await compare(logs, previewed(expected));
    expect(check.status).toBe('block');
    expect(check.facts?.['withdraw receipt']).toContain(shown);
    expect(check.facts?.['withdraw previewed']).toBeDefined();
  });

  const paid = transfer(token, vault as never, recipient, 5n);
  const bool = (value: boolean) => encodeAbiParameters([{ type: 'bool' }], [value]);
  const role = (eventName: 'RoleGranted' | 'RoleRevoked', account = recipient, of = roles) =>
    log(of as never, eventName, { role: pair, account, sender });
  const breaker = (pairId = pair, eventName = 'CircuitBreakerTriggered') =>
    log(risk as never, eventName, { pairId, by: sender });
  const paused = (value: boolean, of = risk) =>
    log(of as never, 'GlobalPauseToggled', { by: sender }, bool(value));
  const order = (orderId: bigint, of = stranger) => log(of, 'OrderCancelled', { orderId });
  const otherPair = `0x${'8'.repeat(64)}` as const;
  /** What was previewed, and what the chain did instead: by a state that moved, or by a node that lied. */
  const mismatches: readonly (readonly [string, readonly object[], readonly object[]])[] = [
    ['a transfer: one unit more', [paid], [transfer(token, vault as never, recipient, 6n)]],
    ['a transfer: all of it', [paid], [transfer(token, vault as never, recipient, 2n ** 256n - 1n)]],
    ['a transfer: nothing', [paid], [transfer(token, vault as never, recipient, 0n)]],
    ['a transfer: to another account', [paid], [transfer(token, vault as never, stranger, 5n)]],
    ['a transfer: from another account', [paid], [transfer(token, stranger, recipient, 5n)]],
    ['a transfer: of another token', [paid], [transfer(stranger, vault as never, recipient, 5n)]],
    ['a transfer: the other way', [paid], [transfer(token, recipient, vault as never, 5n)]],
    [
      'a transfer: a part to somebody else',
      [paid],
      [transfer(token, vault as never, recipient, 4n), transfer(token, vault as never, stranger, 1n)],
    ],
    [
      'a transfer: a second one of another token',
      [paid],
      [paid, transfer(stranger, vault as never, recipient, 5n)],
    ],
    ['a transfer: missing', [paid], []],
    ['a role: granted to another account', [role('RoleGranted')], [role('RoleGranted', stranger)]],
    ['a role: revoked, not granted', [role('RoleGranted')], [role('RoleRevoked')]],
    [
      'a role: a second one granted',
      [role('RoleGranted')],
      [role('RoleGranted'), role('RoleGranted', stranger)],
    ],
    [
      'a role: by a contract that is not the registry',
      [role('RoleGranted')],
      [role('RoleGranted', recipient, stranger)],
    ],
    ['a pause: ended, not begun', [paused(true)], [paused(false)]],
    ['a pause: of another contract of the protocol', [paused(true)], [paused(true, vault)]],
    ['a breaker: of another pair', [breaker()], [breaker(otherPair)]],
    ['a breaker: closed, not opened', [breaker()], [breaker(pair, 'CircuitBreakerReset')]],
    ['a breaker: another pair too', [breaker()], [breaker(), breaker(otherPair)]],
    ['an order: another one', [order(7n)], [order(8n)]],
    ['an order: one of two', [order(7n), order(8n)], [order(7n)]],
    ['an order: of another contract', [order(7n)], [order(7n, recipient)]],
    ['an oracle: another account', [oracleIs(recipient)], [oracleIs(stranger)]],
    ['an event: of another contract', [{ ...unknownEvent, address: vault as never }], [unknownEvent]],
    ['an event: twice', [unknownEvent], [unknownEvent, unknownEvent]],
    ['an event: never previewed', [], [unknownEvent]],
  ];
  it.each(mismatches)('%s → blocks, with both sides', async (_, before, receipt) => {
    const changes = (logs: readonly object[]) => changesOf(logs as never, sender, contracts as never);
    expect((await compare(before, previewed(changes(before)))).status).toBe('pass');
    const check = await compare(receipt, previewed(changes(before)));
    expect(check.status).toBe('block');
    const sides = ['withdraw previewed', 'withdraw receipt'].map((side) => check.facts?.[side]);
    expect(new Set(sides).size).toBe(2);
    expect(sides).not.toContain(undefined);
  });

  it('amounts that move by themselves: another amount passes, another recipient does not', async () => {
    const moving = previewed(expected, true);
    const less = await compare([transfer(token, vault as never, recipient, 4n)], moving);
    expect(less).toMatchObject({ status: 'pass', summary: expect.stringContaining('have moved since') });
    const other = await compare([transfer(token, vault as never, stranger, 5n)], moving);
    expect(other.status).toBe('block');
  });

  it('an event that depends on the time alone is not compared', async () => {
    const fee = {
      address: vault as never,
      topics: [toEventSelector('ManagementFeeAccrued(uint256,address,uint256,uint256)'), pair, pair],
      data: number(1n),
    };
    expect((await compare([fee, paid], previewed(expected))).status).toBe('pass');
    expect(
      (await compare([paid], previewed(changesOf([fee, paid], sender, contracts as never)))).status,
    ).toBe('pass');
  });

  it('no receipt → not compared, which is no contradiction', async () => {
    const check = await compare(undefined, previewed(expected));
    expect(check).toMatchObject({ status: 'warn', summary: expect.stringMatching(/^not compared/) });
  });

  it('an address that was made during the run takes the place of its stand-in', async () => {
    const standIn = { address: address('e'), words: 'the new address' };
    const calls = [call(token, 'transfer' as never, [standIn.address, 5n])];
    const planned = { from: sender, calls, standIn };
    const step = previewed(
      changesOf([transfer(token, sender, standIn.address, 5n)], sender, contracts as never),
    );
    const own = [call(token, 'transfer' as never, [stranger, 5n])];
    const same = await compare([transfer(token, sender, stranger, 5n)], step, { planned, calls: own });
    expect(same.status).toBe('pass');
    const other = await compare([transfer(token, sender, recipient, 5n)], step, { planned, calls: own });
    expect(other.status).toBe('block');
  });

  it('native token is in no log: the value of the transaction itself counts', async () => {
    const planned = { from: sender, calls: [{ to: recipient, data: '0x' as const, value: '0x5' as const }] };
    const step = previewed([{ kind: 'transfer', token: null, from: sender, to: recipient, amount: '5' }]);
    expect((await compare([], step, { planned })).status).toBe('pass');
    const calls = planned.calls.map((one) => ({ ...one, value: '0x4' as const }));
    expect((await compare([], step, { planned, calls })).status).toBe('block');
  });
});
