import fc from 'fast-check';
import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertChainId } from '../../src/chain/assertChainId.ts';
import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { checkChainIds } from '../../src/chain/checkChainIds.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { described } from '../../src/chain/describeRpcError.ts';
import { readDeployment } from '../../src/chain/intents/readDeployment.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { diagnoseMeanwhile } from '../../src/chain/oracle/diagnose.ts';
import { mostReceipts, readActivity } from '../../src/chain/oracle/readActivity.ts';
import { holdsOracleRole, isOracle, readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { readPairSignals } from '../../src/chain/oracle/readPairSignals.ts';
import { readSignals } from '../../src/chain/oracle/readSignals.ts';
import { probeHistory } from '../../src/chain/probeHistory.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readLogs } from '../../src/chain/readLogs.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { readFees } from '../../src/chain/transactions/readFees.ts';
import { readWallet } from '../../src/chain/transactions/readFunds.ts';
import { readNetwork } from '../../src/chain/transactions/readNetwork.ts';
import { readNonce, readUsedNonce } from '../../src/chain/transactions/readNonce.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import { readPairTokens } from '../../src/chain/treasury/findToken.ts';
import { readPlaces } from '../../src/chain/treasury/readPlaces.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Chain } from '../../src/runbook/context.ts';
import {
  account,
  contracts,
  type FakeProtocol,
  fakeProtocol,
  oracle,
  pairOf,
} from '../support/fakeProtocol.ts';
import { type FaultMode, type FaultOptions, faultyNode } from '../support/faultyNode.ts';
import { httpServer, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

let node: FakeProtocol;
beforeAll(async () => {
  node = await fakeProtocol();
});
afterAll(() => node[Symbol.asyncDispose]());

const connect = (...rpcUrls: string[]): Chain =>
  connectChain({ rpcUrls, id: 4217, timeoutMs: 10_000, contracts });
const selector = (signature: string) => toFunctionSelector(`function ${signature}`);
const pair = { id: pairOf(0), name: 'A/B' };
const token = account(0x70);
const roleId = `0x${'4d'.repeat(32)}` as const;

/** Every read that a verdict rests on. What it comes to is compared with that of a healthy node. */
const reads: Readonly<Record<string, (chain: Chain) => Promise<unknown>>> = {
  'chain id': assertChainId,
  head: readHead,
  protocol: readProtocol,
  deployment: readDeployment,
  authority: readAuthority,
  'is oracle': (chain) => isOracle(chain, oracle),
  'holds the role': (chain) => holdsOracleRole(chain, { account: oracle, roleId }),
  intent: (chain) => resolveIntent(chain, { intent: 'tripBreaker', pair: pair.id }),
  'last signals': (chain) => readPairSignals(chain, [pair]),
  breakers: (chain) => readBreakers(chain, { pairs: [pair], discover: true }),
  signals: (chain) => readSignals(chain, { fromBlock: 590 }),
  spend: (chain) => readActivity(chain, { sender: oracle, head: 600 }),
  fees: readFees,
  wallet: async (chain) => (await readWallet(chain, oracle))(1n),
  nonce: (chain) => readNonce(chain, oracle),
  'nonce key': (chain) => readUsedNonce(chain, { account: oracle, key: '9' }),
  simulation: (chain) => simulate(chain, { from: oracle, calls: [{ to: token, data: '0x313ce567' }] }),
  places: (chain) => readPlaces(chain, { token }),
  'pair tokens': (chain) => readPairTokens(chain, pair.id),
};

async function outcome(read: Promise<unknown>): Promise<unknown> {
  try {
    return await read;
  } catch (error) {
    // Anything else would end a command in 70.
    if (!(error instanceof TvError)) throw error;
    return error;
  }
}

const everything = (chain: Chain) =>
  Promise.all(Object.entries(reads).map(async ([name, read]) => [name, await outcome(read(chain))] as const));

/** Passes a call on to the healthy node. */
const forward = async (call: unknown) => {
  const answer = await fetch(node.url, { method: 'POST', body: JSON.stringify(call) });
  const { result, error } = (await answer.json()) as { result: unknown; error?: RpcRefusal };
  if (error !== undefined) throw new RpcRefusal(error.code, error.message);
  return result;
};

describe('every read, all at once, is as on a healthy node', () => {
  const works: readonly (readonly [FaultMode, FaultOptions])[] = [
    ['nobatch', {}],
    ['b10', {}],
    ['batchgeth', {}],
    ['batch400', {}],
    ['batch413', {}],
    ['batchempty', {}],
    ['rateinfura1', {}],
    ['rateinfura1', { retryAfter: 1 }],
    ['rate429code', {}],
    ['once502', {}],
    ['infura', {}],
    ['toohigh', {}],
    ['alchemy10', {}],
  ];
  it.each(works)('%s %o', async (mode, options) => {
    const expected = await everything(connect(node.url));
    await using faulty = await faultyNode(node.url, mode, options);
    const found = Object.fromEntries(await everything(connect(faulty.url)));
    for (const [name, value] of expected) {
      // Ten blocks a request do not reach back over the whole chain: the rest is named, not made up.
      const partly =
        ['breakers', 'spend'].includes(name) && ['alchemy10', 'infura', 'toohigh'].includes(mode);
      if (!partly) expect(found[name], name).toEqual(value);
    }
  });
});

describe('requests that wait for the answer to others', () => {
  it.each<[string, number, (chain: Chain) => Promise<unknown>]>([
    ['breakers', 4, (chain) => readBreakers(chain, { pairs: [pair], discover: true })],
    [
      'causes of the relay',
      5,
      (chain) =>
        diagnoseMeanwhile(
          chain,
          { oracle, feeToken: null, head: { number: 600, timestamp: 0 }, enoughTransactions: mostReceipts },
          Promise.resolve({ hostTime: undefined, intervalSeconds: 60 }),
        ),
    ],
  ])('%s: %i rounds', async (_, most, read) => {
    const counted = inRounds(connect(node.url));
    await read(counted.chain);
    expect(counted.rounds()).toBe(most);
  });
});

/** A chain that is served in rounds: what is asked for by then is answered at once, and only then comes more. */
function inRounds(chain: Chain) {
  interface Waiting {
    readonly call: Parameters<Chain['client']['request']>[0];
    settle(answer: PromiseSettledResult<unknown>): void;
  }
  let rounds = 0;
  let waiting: Waiting[] = [];
  const serve = async () => {
    rounds++;
    const all = waiting;
    waiting = [];
    const answers = await Promise.allSettled(all.map(({ call }) => chain.client.request(call)));
    for (const [index, { settle }] of all.entries()) {
      const answer = answers[index];
      if (answer !== undefined) settle(answer);
    }
  };
  const request = (call: Waiting['call']) =>
    new Promise((resolve, reject) => {
      // All that needs no answer has been asked for when the microtasks are done.
      if (waiting.length === 0) setImmediate(() => void serve());
      const settle: Waiting['settle'] = (answer) =>
        answer.status === 'fulfilled' ? resolve(answer.value) : reject(answer.reason as Error);
      waiting.push({ call, settle });
    });
  const client = { ...chain.client, request: request as Chain['client']['request'] };
  return { chain: { ...chain, client }, rounds: () => rounds };
}

it('remembers the size of a batch that a node takes', async () => {
  await using faulty = await faultyNode(node.url, 'nobatch');
  const chain = connect(faulty.url);
  await everything(chain);
  const before = faulty.requests;
  const calls = faulty.calls.length;
  await Promise.all([readHead(chain), readNonce(chain, oracle), readProtocol(chain)]);
  // As many requests as calls: no batch is tried again.
  expect(faulty.requests - before).toBe(faulty.calls.length - calls);
});

it('a rate limit that lasts is waited for once, not by each request in turn', async () => {
  await using busy = await httpServer((response) => void response.writeHead(429).end());
  const chain = connect(busy.url);
  await everything(chain);
  const after = busy.requests;
  await outcome(readHead(chain));
  // Nor is it waited for again at once.
  expect(busy.requests - after).toBe(1);
  expect(after).toBeLessThan(60);
});

it('each request gets through a rate limit that serves one request at a time', async () => {
  let served = -Infinity;
  await using slow = await httpServer(async (response, body) => {
    // One request per 200 ms: less than the shortest wait, so that whoever waits alone is served.
    if (performance.now() - served < 200) return void response.writeHead(429).end();
    served = performance.now();
    const { id } = JSON.parse(body) as { id: number };
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: '0x1' }));
  });
  const chain = connect(slow.url);
  const requests: Promise<unknown>[] = [];
  for (let request = 0; request < 8; request++) {
    requests.push(outcome(described(chain, chain.client.request({ method: 'eth_chainId' }))));
    // Each in a turn of its own, so in an HTTP request of its own.
    await new Promise((next) => setTimeout(next, 5));
  }
  expect(await Promise.all(requests)).toEqual(Array(8).fill('0x1'));
});

it.each([2, 3, 5])('a rate limit that asks for %i s again and again is named within 6 s', async (seconds) => {
  await using busy = await httpServer(
    (response) => void response.writeHead(429, { 'retry-after': String(seconds) }).end(),
  );
  const began = performance.now();
  const found = await outcome(readHead(connect(busy.url)));
  expect(performance.now() - began).toBeLessThan(6_000);
  expect((found as TvError).message).toBe('The RPC node refuses more requests for now: a rate limit.');
  expect(busy.requests).toBe(1 + Math.floor(5 / seconds));
});

it('a batch that fails because the node does is not sent call by call', async () => {
  await using denied = await httpServer((response) => void response.writeHead(401).end('{}'));
  const chain = connect(denied.url);
  await everything(chain);
  expect(denied.requests).toBeLessThan(30);
});

describe('a state read that fails is no "no"', () => {
  const failures: readonly (readonly [string, FaultMode, FaultOptions])[] = [
    ['-32603 Internal error', 'callerr', {}],
    ['-32000 header timeout', 'callerr', { code: -32000, message: 'timeout awaiting header' }],
    ['-32000 in words of others', 'callerr', { code: -32000, message: 'reverting to the backup upstream' }],
    ['-32011 no backend', 'callerr', { code: -32011, message: 'no backend is currently healthy' }],
    ['-32099', 'callerr', { code: -32099, message: 'server error' }],
    ['a null result', 'callnull', {}],
    ['out of gas', 'callgas', {}],
  ];
  const functions: readonly (readonly [string, string])[] = [
    ['holds the role', 'hasRole(bytes32,address)'],
    ['authority', 'ORACLE_ROLE()'],
    ['authority', 'oracleAddress()'],
    ['deployment', 'ADMIN_ROLE()'],
    ['intent', 'RISK_OFFICER_ROLE()'],
    ['protocol', 'paused()'],
    ['breakers', 'pairCircuitBroken(bytes32)'],
    ['breakers', 'latestSignals(bytes32)'],
    ['breakers', 'oracleStalenessThreshold()'],
    ['last signals', 'latestSignals(bytes32)'],
    ['last signals', 'oracleStalenessThreshold()'],
    ['nonce key', 'getNonce(address,uint256)'],
    ['wallet', 'balanceOf(address)'],
    ['wallet', 'userTokens(address)'],
    ['places', 'tokenBalances(address)'],
    ['pair tokens', 'pairConfigs(bytes32)'],
    ['simulation', 'decimals()'],
  ];
  it.each(failures)('%s', async (words, mode, options) => {
    await Promise.all(
      functions.map(async ([name, signature]) => {
        const read = reads[name];
        if (read === undefined) throw new Error(name);
        await using faulty = await faultyNode(node.url, mode, {
          ...options,
          selectors: [selector(signature)],
        });
        const found = await outcome(read(connect(faulty.url)));
        expect(found, `${name}, ${signature}, ${words}`).toBeInstanceOf(TvError);
        // The node is to blame, and no address.
        expect((found as TvError).message, `${name}, ${signature}`).toMatch(/RPC node/);
        expect(JSON.stringify((found as TvError).next)).not.toMatch(/address/);
      }),
    );
  });

  it('callzero: a node that returns zeros for every call does not say "not paused" or "closed"', async () => {
    await using faulty = await faultyNode(node.url, 'callzero');
    const chain = connect(faulty.url);
    const zeros = /returns zeros for every call/;
    await expect(readProtocol(chain)).rejects.toThrow(zeros);
    await expect(readBreakers(chain, { pairs: [pair], discover: false })).rejects.toThrow(zeros);
    await expect(readPairSignals(chain, [pair])).rejects.toThrow(zeros);
    expect((await readProtocol(connect(node.url))).paused).toBe(false);
  });

  it('codeempty: the kind of chain is unknown, and so is what is deployed', async () => {
    await using faulty = await faultyNode(node.url, 'codeempty');
    const chain = connect(faulty.url);
    await expect(readNetwork(chain)).rejects.toThrow(/unknown whether this is a Tempo chain/);
    await expect(readDeployment(chain)).rejects.toThrow(
      /no bytecode of GovernanceRoles, which answers calls/,
    );
    await using plain = await fakeProtocol({ tempo: false });
    expect(await readNetwork(connect(plain.url))).toBe('plain');
  });

  it('one member that cannot be read does not shorten the list of holders', async () => {
    let failing = 1n;
    await using faulty = await rpcServer(async (call) => {
      const data = call.method === 'eth_call' ? String((call.params[0] as { data: string }).data) : '';
      const isMember = data.startsWith(selector('getRoleMember(bytes32,uint256)'));
      if (isMember && BigInt(`0x${data.slice(-64)}`) === failing)
        throw new RpcRefusal(-32603, 'Internal error');
      return forward(call);
    });
    const chain = connect(faulty.url);
    const { valid, validUnknown } = await readAuthority(chain);
    expect(valid).toHaveLength(2);
    expect(validUnknown).toMatch(/^could not read 1 of 3 role members: The RPC node/);
    failing = 99n;
    expect((await readAuthority(connect(faulty.url))).validUnknown).toBeUndefined();
  });

  it('more than fifty members of a role are all read', async () => {
    await using many = await fakeProtocol({ oracles: 213 });
    const { valid, validUnknown } = await readAuthority(connect(many.url));
    expect([new Set(valid).size, validUnknown]).toEqual([213, undefined]);
  });

  it('an inner call of a multicall that fails is asked for alone', async () => {
    const pairs = Array.from({ length: 40 }, (_, index) => ({ id: pairOf(index), name: null }));
    const aggregate = toFunctionSelector('function aggregate3((address,bool,bytes)[])');
    // The node gives a multicall too little gas: all inner calls fail without a word.
    const words = (value: number) => value.toString(16).padStart(64, '0');
    await using short = await rpcServer(async (call) => {
      const data = call.method === 'eth_call' ? String((call.params[0] as { data: string }).data) : '';
      if (!data.startsWith(aggregate)) return forward(call);
      const count = 40;
      const offsets = Array.from({ length: count }, (_, index) => words(count * 32 + index * 96)).join('');
      const failed = `${words(0)}${words(64)}${words(0)}`;
      return `0x${words(32)}${words(count)}${offsets}${failed.repeat(count)}`;
    });
    const { signals } = await readPairSignals(connect(short.url), pairs);
    expect(signals.map(({ nonce }) => nonce)).toEqual(pairs.map(() => '600'));
  });
});

describe('fees', () => {
  const base = 1_000_000_000n;
  it.each([
    ['nullfee', { maxFeePerGas: base * 2n, maxPriorityFeePerGas: 0n }],
    ['nofees', { maxFeePerGas: base * 2n, maxPriorityFeePerGas: 0n }],
    ['nullfees', { maxFeePerGas: base * 2n, maxPriorityFeePerGas: 0n }],
    ['healthy', { maxFeePerGas: base * 3n, maxPriorityFeePerGas: base }],
  ] as const)('%s', async (mode, fees) => {
    await using faulty = await faultyNode(node.url, mode);
    expect(await readFees(connect(faulty.url))).toEqual(fees);
  });

  it.each([
    ['null', null],
    ['absent', undefined],
    ['nonsense', 'cheap'],
  ])('a base fee that is %s: the gas price is used', async (_, baseFeePerGas) => {
    await using old = await rpcServer(({ method }) =>
      method === 'eth_getBlockByNumber' ? { baseFeePerGas } : method === 'eth_gasPrice' ? '0x64' : null,
    );
    expect(await readFees(connect(old.url))).toEqual({ maxFeePerGas: 200n, maxPriorityFeePerGas: 100n });
  });
});

describe('logs', () => {
  it('no eth_getLogs: history is unknown, and the state of the breakers is not', async () => {
    await using faulty = await faultyNode(node.url, 'nologs');
    const chain = connect(faulty.url);
    const { breakers, since, historyUnknown } = await readBreakers(chain, { pairs: [pair], discover: true });
    expect(breakers.map(({ open }) => open)).toEqual([false]);
    expect([since, historyUnknown]).toEqual([null, 'The RPC node does not offer the call that this needs']);
    await expect(readActivity(chain, { sender: oracle, head: 600 })).rejects.toBeInstanceOf(TvError);
  });

  it.each(['infura', 'toohigh', 'alchemy10'] as const)(
    '%s: a refused range is halved, and the width remembered',
    async (mode) => {
      await using long = await fakeProtocol({ head: 3_000 });
      await using faulty = await faultyNode(long.url, mode);
      const chain = connect(faulty.url);
      const range = { fromBlock: 2_000, toBlock: 2_199, addresses: [contracts.riskController ?? '0x'] };
      const readAll = async () => {
        let total = 0;
        for await (const log of readLogs(chain, range)) total += log.block > 0 ? 1 : 0;
        return total;
      };
      expect(await readAll()).toBe(200);
      const before = faulty.requests;
      await readAll();
      // Nothing refused is asked for again.
      expect(faulty.requests - before).toBeLessThanOrEqual(mode === 'alchemy10' ? 40 : 2);
      const signals = await readSignals(chain, { fromBlock: 2_900 });
      expect(signals.map(({ block }) => block)).toEqual(
        Array.from({ length: 101 }, (_, index) => 2_900 + index),
      );
      const { served, blocksAtOnce = 0 } = await probeHistory(chain, { block: 2_000 });
      expect(served).toBe(true);
      expect(blocksAtOnce).toBeGreaterThanOrEqual(mode === 'alchemy10' ? 5 : 250);
      expect(blocksAtOnce).toBeLessThanOrEqual(mode === 'alchemy10' ? 10 : 500);
    },
  );

  it('a log of a block that was not asked for is the fault of the node, and unknown', async () => {
    await using moved = await faultyNode(node.url, 'logsMoved');
    const range = { fromBlock: 1, toBlock: 10, addresses: [contracts.riskController ?? '0x'] } as const;
    await expect(readLogs(connect(moved.url), range).next()).rejects.toMatchObject({
      message: expect.stringMatching(
        /eth_getLogs returned a log of block 11, outside of the blocks asked for/,
      ),
      exitCode: 3,
    });
  });

  it('lists that are capped without an error are read in narrower ranges', async () => {
    await using dense = await fakeProtocol({ head: 600, signalsPerBlock: 10 });
    await using capped = await faultyNode(dense.url, 'logsCap', { cap: 1_000 });
    const chain = connect(capped.url);
    expect(await readSignals(chain, { fromBlock: 1 })).toHaveLength(6_000);
    let logs = 0;
    const range = { fromBlock: 1, toBlock: 600, addresses: [contracts.riskController ?? '0x'] };
    for await (const log of readLogs(chain, range)) logs += log.block > 0 ? 1 : 0;
    expect(logs).toBe(6_000);
  });

  it('the probe of history tries a wide range, and says how many blocks a node serves at once', async () => {
    await using single = await rpcServer(async (call) => {
      const { fromBlock, toBlock } = (call.params?.[0] ?? {}) as { fromBlock?: string; toBlock?: string };
      if (call.method !== 'eth_getLogs') return forward(call);
      if (fromBlock !== toBlock) throw new RpcRefusal(-32000, 'one at a time, please');
      return forward(call);
    });
    const { served, blocksAtOnce } = await probeHistory(connect(single.url), { block: 100 });
    expect([served, blocksAtOnce]).toEqual([true, 1]);
  });

  it('1 000 pairs and 100 000 signals: bounded requests, and logs apart from vital reads', async () => {
    await using busy = await fakeProtocol({ head: 5_000, signalsPerBlock: 20, oracles: 60 });
    const chain = connect(busy.url);
    const pairs = Array.from({ length: 1_000 }, (_, index) => ({ id: pairOf(index), name: null }));
    const [signals, breakers, { spend }, authority] = await Promise.all([
      readPairSignals(chain, pairs),
      readBreakers(chain, { pairs, discover: true }),
      readActivity(chain, { sender: oracle, head: 5_000 }),
      readAuthority(chain),
    ]);
    expect(signals.signals).toHaveLength(1_000);
    expect(breakers.breakers).toHaveLength(1_000);
    expect(spend?.signals).toBe(30);
    expect(authority.valid).toHaveLength(60);
    expect(busy.largest).toBeLessThan(8 * 2 ** 20);
    expect(busy.requests).toBeLessThan(40);
    for (const methods of busy.log) {
      if (methods.includes('eth_getLogs')) expect(methods).toEqual(['eth_getLogs']);
    }
    // All of a range, where all are asked for.
    const all = await readSignals(chain, { fromBlock: 4_001 });
    expect(all).toHaveLength(20_000);
    expect(busy.largest).toBeLessThan(8 * 2 ** 20);
  });

  it('a response larger than tv reads is its own limit: the range is halved, the node not blamed', async () => {
    await using wordy = await rpcServer(({ method, params }) => {
      if (method !== 'eth_getLogs') return method === 'eth_blockNumber' ? '0x40' : null;
      const { fromBlock, toBlock, address, topics } = params[0] as Readonly<Record<string, string>>;
      const width = Number(toBlock) - Number(fromBlock) + 1;
      return Array.from({ length: width }, (_, index) => ({
        blockNumber: `0x${(Number(fromBlock) + index).toString(16)}`,
        address: [address].flat()[0],
        topics: [[topics].flat(2)[0], pairOf(0)],
        transactionHash: `0x${'2'.repeat(64)}`,
        data: `0x${'ab'.repeat(500_000)}`,
      }));
    });
    const signals = await readSignals(connect(wordy.url), { fromBlock: 1, toBlock: 20 });
    expect(signals).toHaveLength(20);
  });
});

describe('several nodes', () => {
  it('a stale first node beside a fresh second: the fresh one is read, and the lag is known', async () => {
    await using stale = await faultyNode(node.url, 'staleHead', { behind: 5 });
    await using fresh = await faultyNode(node.url);
    const chain = connect(stale.url, fresh.url);
    expect((await readHead(chain)).number).toBe(600);
    expect(stale.calls.map(({ method }) => method)).toEqual(['eth_chainId', 'eth_blockNumber']);
    const nodes = await checkChainIds(chain);
    expect(nodes.map(({ behind }) => behind)).toEqual([5, 0]);
  });

  it('a node of another chain is never the fresher one', async () => {
    await using foreign = await rpcServer(({ method }) => (method === 'eth_chainId' ? '0x1' : '0xffffff'));
    await using own = await faultyNode(node.url);
    expect((await readHead(connect(own.url, foreign.url))).number).toBe(600);
  });

  it.each(['nobackend', 'errorstring'] as const)('%s: the next node is asked', async (mode) => {
    await using away = await faultyNode(node.url, mode);
    await using fresh = await faultyNode(node.url);
    const chain = connect(away.url, fresh.url);
    expect(await holdsOracleRole(chain, { account: oracle, roleId })).toBe(false);
    expect((await readNonce(chain, oracle)).latest).toBe(7);
  });

  it('any other error of a read: the next node is asked', async () => {
    await using away = await faultyNode(node.url, 'callerr', { code: -32000, message: 'something else' });
    await using fresh = await faultyNode(node.url);
    expect((await readProtocol(connect(away.url, fresh.url))).paused).toBe(false);
  });
});

describe('malformed errors', () => {
  it.each([
    'errorstring',
    'errornumber',
    'errorarray',
    'errortrue',
    'errorempty',
    'errornocode',
    'errornomessage',
    'errortextcode',
    'errormessagenumber',
    'errornull',
  ] as const)('%s: every read ends in a sentence', async (mode) => {
    await using faulty = await faultyNode(node.url, mode);
    for (const [name, found] of await everything(connect(faulty.url))) {
      expect(found, name).toBeInstanceOf(TvError);
    }
  });

  it('any answer to any method: a value, or a sentence', async () => {
    const methods = [
      'eth_chainId',
      'eth_blockNumber',
      'eth_getBlockByNumber',
      'eth_getCode',
      'eth_getStorageAt',
      'eth_call',
      'eth_estimateGas',
      'eth_getLogs',
      'eth_getTransactionCount',
      'eth_getBalance',
      'eth_getTransactionReceipt',
      'eth_maxPriorityFeePerGas',
      'eth_gasPrice',
    ];
    const json = fc.jsonValue({ maxDepth: 2 });
    const answers = fc.oneof(
      fc.record({ result: json }),
      fc.record({ error: json }),
      fc.record({ error: fc.record({ code: json, message: json, data: json }, { requiredKeys: [] }) }),
      fc.constantFrom({ result: [] }, { result: {} }, { result: [null] }, { result: '0x' }, {}),
      // A block or log with one field in another shape.
      fc.record({
        result: fc.dictionary(fc.constantFrom('number', 'timestamp', 'hash', 'baseFeePerGas'), json),
      }),
      fc.record({ result: fc.array(fc.dictionary(fc.constantFrom('blockNumber', 'topics', 'data'), json)) }),
    );
    let answer: Record<string, unknown> = {};
    let method = '';
    await using odd = await httpServer(async (response, body) => {
      const query = JSON.parse(body) as { id: number; method: string } | { id: number; method: string }[];
      const one = async (call: { id: number; method: string }) => {
        if (call.method === method) return { jsonrpc: '2.0', id: call.id, ...answer };
        const healthy = await fetch(node.url, { method: 'POST', body: JSON.stringify(call) });
        return healthy.json();
      };
      const text = Array.isArray(query) ? await Promise.all(query.map(one)) : await one(query);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(text));
    });
    // Let the last one end: an interrupted property would still ask the server that is gone.
    const deadline = performance.now() + 4_000;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), answers, async (chosen, given) => {
        if (performance.now() > deadline) return;
        [method, answer] = [chosen, given];
        // `outcome` lets nothing through but values and TvErrors.
        await everything(connect(odd.url));
      }),
      { numRuns: 300 },
    );
  }, 20_000);
});
