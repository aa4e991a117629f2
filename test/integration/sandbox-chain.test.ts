import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createPublicClient,
  decodeFunctionResult,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  http,
  toFunctionSelector,
} from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anvilBinary, type Network } from '../../src/sandbox/chain/anvilCommand.ts';
import { findPast, keepPast } from '../../src/sandbox/chain/chainSnapshot.ts';
import type { Deployment, Generation } from '../../src/sandbox/chain/deployment.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { head, rpc, rpcEach, send } from '../../src/sandbox/chain/rpc.ts';
import { encodeOracleUpdate, signOracleUpdate } from '../../src/sandbox/chain/signals.ts';
import {
  type History,
  historyGenesis,
  indexedEvents,
  writeHistory,
} from '../../src/sandbox/chain/writeHistory.ts';
import { dexStrategy as compactStrategy } from '../../src/sandbox/contracts/artifacts/compact/DexStrategy.ts';
import { riskController } from '../../src/sandbox/contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault } from '../../src/sandbox/contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy } from '../../src/sandbox/contracts/artifacts/full/DexStrategy.ts';
import { dexStrategy as runbookStrategy } from '../../src/sandbox/contracts/artifacts/runbook/DexStrategy.ts';
import { riskController as runbookRisk } from '../../src/sandbox/contracts/artifacts/runbook/RiskController.ts';
import { treasuryVault as runbookVault } from '../../src/sandbox/contracts/artifacts/runbook/TreasuryVault.ts';
import { governanceRoles } from '../../src/sandbox/contracts/artifacts/shared/GovernanceRoles.ts';
import { stablecoinDex } from '../../src/sandbox/contracts/artifacts/shared/StablecoinDex.ts';
import { type SandboxChain, sandboxChain } from '../support/sandboxChain.ts';

const usd = 1_000_000n;

interface Log {
  readonly topics: readonly [Hex, ...Hex[]];
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
}

/** The size that the sandbox uses once; elsewhere a smaller one. */
const cases: readonly {
  readonly network: Network;
  readonly generation: Generation;
  readonly blocks: number;
  readonly events: number;
}[] = [
  { network: 'tempo', generation: 'full', blocks: 2400, events: 6000 },
  { network: 'tempo', generation: 'compact', blocks: 500, events: 1200 },
  { network: 'plain', generation: 'full', blocks: 500, events: 1200 },
  { network: 'plain', generation: 'runbook', blocks: 500, events: 1200 },
];

describe.each(cases)('$generation contracts on $network', ({ network, generation, blocks, events }) => {
  let chain: SandboxChain;
  let deployment: Deployment;
  let history: History;
  let logs: readonly Log[];
  /** From the start of the chain to the end of its history. */
  let seconds: number;

  beforeAll(async () => {
    const began = performance.now();
    chain = await sandboxChain({ network, chainId: 4217, genesisTimestamp: historyGenesis(blocks) });
    const made = await deployProtocol(chain.url, { network, contracts: generation });
    // As the sandbox reads it back from its state file.
    deployment = JSON.parse(JSON.stringify(made)) as Deployment;
    history = await writeHistory(chain.url, deployment, { blocks, events });
    seconds = (performance.now() - began) / 1000;
    const { riskController: risk, treasuryVault: vault, dexStrategy: strategy } = deployment.addresses;
    const range = { fromBlock: hex(history.firstBlock), toBlock: hex(history.lastBlock) };
    const all = await rpc<Log[]>(chain.url, 'eth_getLogs', [{ address: [risk, vault, strategy], ...range }]);
    logs = all.filter((log) => indexedEvents.has(log.topics[0]));
  });

  afterAll(() => chain?.[Symbol.asyncDispose]());

  const client = () => createPublicClient({ transport: http(chain.url) });
  const risk = () => ({ address: deployment.addresses.riskController, abi: riskController.abi });
  const vault = () => ({ address: deployment.addresses.treasuryVault, abi: treasuryVault.abi });
  const strategy = () => ({ address: deployment.addresses.dexStrategy, abi: dexStrategy.abi });
  /** The pair's list, as the build gives it out. */
  const listed = async (id: Hex) => {
    const { address } = strategy();
    if (generation !== 'full') {
      const { abi } = compactStrategy;
      return client().readContract({ address, abi, functionName: 'getActiveOrders', args: [id] });
    }
    const ids: bigint[] = [];
    for (;;) {
      const args = [id, BigInt(ids.length)] as const;
      const next = await client()
        .readContract({ ...strategy(), functionName: 'activeOrderIds', args })
        .catch(() => undefined);
      if (next === undefined) return ids;
      ids.push(next);
    }
  };
  const balance = (token: Hex, owner: Hex) =>
    client().readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [owner] });
  const account = (name: keyof Deployment['accounts']) => deployment.accounts[name].address;

  /** Of the first pair, or a failed test. */
  const pair = () => {
    const [first] = deployment.pairs;
    if (first === undefined) throw new Error('no pair was deployed');
    return first;
  };

  const vaultBook = async (token: Hex) => {
    const read = (functionName: 'tokenBalances' | 'deployedCapital') =>
      client().readContract({ ...vault(), functionName, args: [token] });
    return { book: await read('tokenBalances'), deployed: await read('deployedCapital') };
  };

  const setPaused = (paused: boolean) =>
    generation !== 'runbook'
      ? send(chain.url, {
          from: account('emergency'),
          to: deployment.addresses.riskController,
          data: encodeFunctionData({
            abi: riskController.abi,
            functionName: 'toggleGlobalPause',
            args: [paused],
          }),
        })
      : send(chain.url, {
          from: account('admin'),
          to: deployment.addresses.treasuryVault,
          data: encodeFunctionData({ abi: runbookVault.abi, functionName: paused ? 'pause' : 'unpause' }),
        });

  /** Simulates the submission of an otherwise right signal, signed with a dev account's key. */
  const submit = async (signer: keyof Deployment['accounts'], nonceStep = 1n) => {
    const args = [pair().id] as const;
    const nonce = await client().readContract({ ...risk(), functionName: 'oracleNonces', args });
    const last = await client().readContract({ ...risk(), functionName: 'oracleLastTimestamp', args });
    const signal = {
      referenceTick: -7,
      pegDeviation: 7n,
      orderbookDepthBid: 1n,
      orderbookDepthAsk: 2n,
      timestamp: last + 1n,
      nonce: nonce + nonceStep,
    };
    const update = { pairId: pair().id, ...signal };
    const signature = await signOracleUpdate({
      privateKey: devPrivateKey(deployment.accounts[signer].index),
      chainId: deployment.chainId,
      riskController: deployment.addresses.riskController,
      update,
    });
    const request = {
      account: account('oracle'),
      functionName: 'updateOracleSignal',
      args: [update.pairId, signal, signature],
    } as const;
    return { send: () => client().simulateContract({ ...risk(), ...request }), update, signature };
  };

  describe('history', () => {
    it('holds every indexed kind of event, mostly oracle updates, as many as asked for', () => {
      const counts = new Map<string, number>();
      for (const { topics } of logs) {
        const name = indexedEvents.get(topics[0]) ?? '';
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      // The compact build has another event for its orders.
      const kinds = [...new Set(indexedEvents.values())].filter(
        (name) => generation !== 'compact' || name !== 'OrderPlaced',
      );
      expect([...counts.keys()].sort()).toEqual(kinds.sort());
      expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(2);
      expect((counts.get('OracleSignalUpdated') ?? 0) / logs.length).toBeGreaterThan(0.75);
      expect(Math.abs(logs.length - events)).toBeLessThan(events * 0.05);
      expect(history.events).toBe(logs.length);
    });

    it('fills as many blocks as asked for: some empty, some with several transactions or events', () => {
      const transactions = new Map<Hex, Set<Hex>>();
      const perTransaction = new Map<Hex, number>();
      for (const { blockNumber, transactionHash } of logs) {
        transactions.set(blockNumber, (transactions.get(blockNumber) ?? new Set()).add(transactionHash));
        perTransaction.set(transactionHash, (perTransaction.get(transactionHash) ?? 0) + 1);
      }
      const perBlock = [...transactions.values()].map((hashes) => hashes.size);
      const span = history.lastBlock - history.firstBlock + 1;
      expect(span).toBeGreaterThanOrEqual(blocks);
      // Besides, the chain mines one a second by itself, and now and then an empty one for each transaction
      // that came into a block together with the one that it had to wait for.
      const late = perBlock.reduce((sum, count) => sum + count - 1, 0);
      expect(span).toBeLessThanOrEqual(blocks + 1 + late + Math.ceil(seconds));
      expect(transactions.size).toBeLessThan(span * 0.9);
      expect(Math.max(...perBlock)).toBe(3);
      expect(Math.max(...perTransaction.values())).toBe(6);
      expect(Math.min(...perTransaction.values())).toBe(1);
    });

    it('has two oracle keys, the older first', async () => {
      const updates = logs.filter(({ topics }) => indexedEvents.get(topics[0]) === 'OracleSignalUpdated');
      const hashes = [...new Set(updates.map((log) => log.transactionHash))];
      const found = await rpcEach<{ from: Hex }>(
        chain.url,
        'eth_getTransactionByHash',
        hashes.map((hash) => [hash]),
      );
      const senders: readonly string[] = found.map(({ from }) => from);
      const [old, current] = [account('oldOracle').toLowerCase(), account('oracle').toLowerCase()];
      const turn = senders.indexOf(current);
      expect(turn).toBeGreaterThan(senders.length / 3);
      expect(new Set(senders.slice(0, turn))).toEqual(new Set([old]));
      expect(new Set(senders.slice(turn))).toEqual(new Set([current]));
    });

    it('has rising times that end now', async () => {
      const numbers = Array.from(
        { length: history.lastBlock - history.firstBlock + 1 },
        (_, index) => history.firstBlock + index,
      );
      const found = await rpcEach<{ timestamp: Hex }>(
        chain.url,
        'eth_getBlockByNumber',
        numbers.map((number) => [hex(number), false]),
      );
      const times = found.map(({ timestamp }) => Number(timestamp));
      expect(times.filter((time, index) => index > 0 && time < (times[index - 1] ?? 0))).toEqual([]);
      // The chain's own block of the second may share its time with the one before, once, at the end.
      expect(new Set(times).size).toBeGreaterThanOrEqual(times.length - 1);
      expect(times.at(-1)).toBeLessThanOrEqual(Date.now() / 1000 + 1);
      const latest = await head(chain.url);
      expect(Math.abs(latest.timestamp - Date.now() / 1000)).toBeLessThan(5);
      // About three seconds a block.
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(blocks * 2);
    });
  });

  it('leaves the protocol at rest, with capital in all three places', async () => {
    const paused =
      generation !== 'runbook'
        ? client().readContract({ ...risk(), functionName: 'paused' })
        : client().readContract({ ...vault(), abi: runbookVault.abi, functionName: 'paused' });
    expect(await paused).toBe(false);
    for (const { id, tokenA, tokenB } of deployment.pairs) {
      const broken =
        generation !== 'runbook'
          ? client().readContract({ ...risk(), functionName: 'pairCircuitBroken', args: [id] })
          : client().readContract({
              ...risk(),
              abi: runbookRisk.abi,
              functionName: 'circuitBroken',
              args: [id],
            });
      expect(await broken).toBe(false);
      expect(await listed(id)).toHaveLength(6);
      for (const token of [tokenA, tokenB]) {
        const { book, deployed } = await vaultBook(token);
        expect(await balance(token, strategy().address)).toBeGreaterThan(100_000n * usd);
        expect(await balance(token, vault().address)).toBeGreaterThanOrEqual(book - deployed);
        // A withdrawal is not refused, and all that was deployed is in one of the two other places.
        expect(await balance(token, strategy().address)).toBeLessThanOrEqual(deployed);
        expect(book - deployed).toBeGreaterThan(1_000_000n * usd);
      }
    }
  });

  it('keeps mining: at once on a transaction, and without one', async () => {
    const before = await head(chain.url);
    const { blockNumber } = await send(chain.url, {
      from: account('owner'),
      to: account('owner'),
      data: '0x',
    });
    expect(Number(blockNumber)).toBeGreaterThan(before.number);
    await expect
      .poll(async () => (await head(chain.url)).number, { timeout: 5_000 })
      .toBeGreaterThan(Number(blockNumber) + 1);
  });

  it('takes a signal of the oracle, and the same only once', async () => {
    const { update, signature } = await submit('oracle');
    const data = encodeOracleUpdate(update, signature);
    await send(chain.url, { from: account('oracle'), to: deployment.addresses.riskController, data });
    const latest = await client().readContract({
      ...risk(),
      functionName: 'latestSignals',
      args: [update.pairId],
    });
    expect(latest.slice(0, 2)).toEqual([-7, 7n]);
    const replay = await submit('oracle', 0n);
    await expect(replay.send()).rejects.toThrow('OracleNonceReplay');
  });

  it('refuses a signal of anybody else, the old oracle included', async () => {
    for (const signer of ['strategist', 'oldOracle'] as const) {
      const { send: simulate } = await submit(signer);
      await expect(simulate()).rejects.toThrow(
        /OracleSignatureInvalid\(address recovered, address expected\)/,
      );
      await expect(simulate()).rejects.toThrow(account(signer));
    }
  });

  it('refuses callers without the role, naming account and role', async () => {
    const role = await client().readContract({
      address: deployment.addresses.governanceRoles,
      abi: governanceRoles.abi,
      functionName: 'EMERGENCY_ROLE',
    });
    const unwind = client().simulateContract({
      address: strategy().address,
      abi: [...dexStrategy.abi, ...governanceRoles.abi],
      account: account('strategist'),
      functionName: 'emergencyUnwind',
      args: [pair().id],
    });
    await expect(unwind).rejects.toThrow('Unauthorized(address account, bytes32 role)');
    await expect(unwind).rejects.toThrow(role);
    const grant = client().simulateContract({
      address: deployment.addresses.governanceRoles,
      abi: governanceRoles.abi,
      account: account('strategist'),
      functionName: 'grantRole',
      args: [role, account('strategist')],
    });
    await expect(grant).rejects.toThrow('AccessControlUnauthorizedAccount');
  });

  it(`while paused, ${generation !== 'runbook' ? 'refuses' : 'allows'} withdrawals`, async () => {
    const { tokenA } = pair();
    const withdraw = () =>
      client().simulateContract({
        ...vault(),
        account: account('treasuryManager'),
        functionName: 'withdraw',
        args: [tokenA, usd, account('owner')],
      });
    await withdraw();
    await setPaused(true);
    try {
      if (generation !== 'runbook') await expect(withdraw()).rejects.toThrow('ProtocolPaused()');
      else await withdraw();
    } finally {
      await setPaused(false);
    }
    await withdraw();
  });

  it('says how much can be withdrawn where too much is asked for', async () => {
    const { tokenA } = pair();
    const { book } = await vaultBook(tokenA);
    const withdraw = client().simulateContract({
      ...vault(),
      account: account('owner'),
      functionName: 'withdraw',
      args: [tokenA, book, account('owner')],
    });
    await expect(withdraw).rejects.toThrow('InsufficientBalance(uint256 available, uint256 requested)');
  });

  const bookAfter = { full: 'counts it twice', compact: 'stays', runbook: 'stays' }[generation];
  it(`unwinds a pair: the DEX is emptied into the vault, the strategy keeps its own, the book ${bookAfter}`, async () => {
    const { id, tokenA, tokenB } = pair();
    const places = async () => ({
      strategy: [await balance(tokenA, strategy().address), await balance(tokenB, strategy().address)],
      vault: [await balance(tokenA, vault().address), await balance(tokenB, vault().address)],
      book: [await vaultBook(tokenA), await vaultBook(tokenB)],
    });
    const before = await places();
    const data = encodeFunctionData({ abi: dexStrategy.abi, functionName: 'emergencyUnwind', args: [id] });
    const transaction = { from: account('emergency'), to: strategy().address, data };
    await send(chain.url, transaction);
    const after = await places();

    expect(after.strategy).toEqual(before.strategy);
    expect(before.strategy.every((amount) => amount > 0n)).toBe(true);
    for (const index of [0, 1]) {
      const came = (after.vault[index] ?? 0n) - (before.vault[index] ?? 0n);
      // Three orders of 200 to 900 a side.
      expect(came).toBeGreaterThan((600n * usd * 99n) / 100n);
      const { book, deployed } = before.book[index] ?? { book: 0n, deployed: 0n };
      expect(after.book[index]).toEqual(
        generation === 'full' ? { book: book + came, deployed: deployed - came } : { book, deployed },
      );
    }
    const withdraw = client().simulateContract({
      ...vault(),
      account: account('treasuryManager'),
      functionName: 'withdraw',
      args: [tokenA, 1n, account('owner')],
    });
    if (generation === 'full') await expect(withdraw).rejects.toThrow('BalanceConsistencyViolation');
    else await withdraw;
    expect(await listed(id)).toEqual([]);
    for (const token of [tokenA, tokenB]) {
      expect(
        await client().readContract({ ...strategy(), functionName: 'getDexBalance', args: [token] }),
      ).toBe(0n);
    }

    const again = client().simulateContract({
      address: strategy().address,
      abi: runbookStrategy.abi,
      account: account('emergency'),
      functionName: 'emergencyUnwind',
      args: [id],
    });
    if (generation === 'runbook') await expect(again).rejects.toThrow('NoActiveOrders');
    else if (generation === 'full') await expect(again).rejects.toThrow('No active orders');
    else await again;
  });

  it('accounts for every unit that is deployed: in the strategy, in orders, on the DEX', async () => {
    const { pairs, tokens, dex } = deployment;
    // The earlier unwind of the first pair changed its tokens.
    const [, ...others] = tokens.filter(({ address }) => address !== pairs[0]?.tokenA);
    for (const { address: token } of others) {
      const key = await client().readContract({
        address: dex,
        abi: stablecoinDex.abi,
        functionName: 'pairKey',
        args: [token, tokens[0]?.address ?? '0x'],
      });
      const orders = await rpcEach<Hex>(
        chain.url,
        'eth_call',
        (await Promise.all(pairs.map(({ id }) => listed(id)))).flat().map((order) => [
          {
            to: dex,
            data: encodeFunctionData({ abi: stablecoinDex.abi, functionName: 'getOrder', args: [order] }),
          },
          'latest',
        ]),
      );
      const resting = orders
        .map((data) => decodeFunctionResult({ abi: stablecoinDex.abi, functionName: 'getOrder', data }))
        .filter(({ isBid, bookKey }) => !isBid && bookKey === key)
        .reduce((sum, { remaining }) => sum + remaining, 0n);
      const { deployed } = await vaultBook(token);
      const onDex = await client().readContract({
        ...strategy(),
        functionName: 'getDexBalance',
        args: [token],
      });
      expect((await balance(token, strategy().address)) + onDex + resting).toBe(deployed);
    }
  });

  it('has its risk controller where its generation has it: behind a proxy, or in its own code', async () => {
    const address = deployment.addresses.riskController;
    const code = await client().getCode({ address });
    const slot = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
    const implementation = BigInt((await client().getStorageAt({ address, slot })) ?? 0);
    const selector = (signature: string) => toFunctionSelector(signature).slice(2);
    const ofRunbook = selector('function setCircuitBreaker(bytes32,bool)');
    const ofDeployed = selector('function triggerCircuitBreaker(bytes32)');
    expect(code).not.toContain(ofDeployed);
    if (generation === 'runbook') {
      expect(code).toContain(ofRunbook);
      expect(implementation).toBe(0n);
      return;
    }
    const behind = await client().getCode({ address: `0x${implementation.toString(16).padStart(40, '0')}` });
    expect(behind).toContain(ofDeployed);
    expect(behind).not.toContain(ofRunbook);
  });

  it('computes the same pair id as the deployment says', async () => {
    const { id, tokenA, tokenB } = pair();
    const computed = await client().readContract({
      ...risk(),
      functionName: 'pairId',
      args: [tokenA, tokenB],
    });
    expect(computed).toBe(id);
    expect(deployment.tokens.length).toBeGreaterThanOrEqual(2);
    expect(deployment.pairs.length).toBeGreaterThanOrEqual(3);
  });

  it('another chain begins with it → same history, and it continues', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tv-pasts-'));
    try {
      expect(findPast(folder, { network, contracts: generation })).toBeUndefined();
      const { lastBlock } = history;
      await keepPast(folder, chain.url, { deployment, lastBlock });
      // Two processes may be at it at once.
      await keepPast(folder, chain.url, { deployment, lastBlock });
      expect(readdirSync(folder)).toEqual([`${network}-${generation}`]);
      const past = findPast(folder, { network, contracts: generation });
      expect(past).toMatchObject({ deployment, lastBlock });
      await using next = await sandboxChain({ network, chainId: 4217, stateFile: past?.stateFile ?? '' });

      const numbers = Array.from({ length: lastBlock + 1 }, (_, number) => hex(number));
      const { riskController: to, dexStrategy: holder } = deployment.addresses;
      const everything = async (url: string) => ({
        blocks: await rpcEach(
          url,
          'eth_getBlockByNumber',
          numbers.map((number) => [number, false]),
        ),
        logs: await rpc(url, 'eth_getLogs', [{ fromBlock: '0x0', toBlock: hex(lastBlock) }]),
        receipts: await rpcEach(
          url,
          'eth_getBlockReceipts',
          numbers.slice(-100).map((number) => [number]),
        ),
        nonces: await rpcEach(
          url,
          'eth_getTransactionCount',
          Object.values(deployment.accounts).map(({ address }) => [address, 'latest']),
        ),
        funds: await rpcEach(
          url,
          'eth_call',
          deployment.tokens.map(({ address }) => [
            {
              to: address,
              data: encodeFunctionData({ abi: erc20Abi, functionName: 'balanceOf', args: [holder] }),
            },
            'latest',
          ]),
        ),
      });
      const [original, copy] = await Promise.all([everything(chain.url), everything(next.url)]);
      // Not toEqual on the lists themselves: a diff of some thousand blocks takes minutes.
      for (const [what, value] of Object.entries(original)) {
        expect(JSON.stringify(copy[what as keyof typeof copy]) === JSON.stringify(value), what).toBe(true);
      }

      const { update, signature } = await submit('oracle');
      const data = encodeOracleUpdate(update, signature);
      const receipt = await send(next.url, { from: account('oracle'), to, data });
      expect(Number(receipt.blockNumber)).toBeGreaterThan(lastBlock);
      const { timestamp } = await head(next.url);
      expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(10);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

it('refuses to write a history that does not fit between the chain’s beginning and now', async () => {
  await using chain = await sandboxChain({ network: 'plain' });
  const deployment = await deployProtocol(chain.url, { network: 'plain', contracts: 'full' });
  await expect(writeHistory(chain.url, deployment, { blocks: 100, events: 150 })).rejects.toThrow(
    'The chain began too late for its history.',
  );
  await expect(writeHistory(chain.url, deployment, { blocks: 10, events: 150 })).rejects.toThrow(
    'So many events do not fit into so few blocks of history.',
  );
});

it('says how to install anvil where there is none for the platform', () => {
  expect(() => anvilBinary('sunos', 'sparc')).toThrow(
    expect.objectContaining({
      name: 'TvError',
      facts: { package: '@foundry-rs/anvil', platform: 'sunos-sparc' },
      next: [{ when: 'install it beside tv', shell: 'npm install -g @foundry-rs/anvil@1.7.1', on: 'here' }],
    }),
  );
});

function hex(value: number): Hex {
  return `0x${value.toString(16)}`;
}
