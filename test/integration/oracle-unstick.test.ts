import { encodeFunctionData, numberToHex, parseAbi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import unstick from '../../runbooks/oracle/unstick.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { awaitSignal } from '../../src/chain/oracle/awaitSignal.ts';
import { diagnose } from '../../src/chain/oracle/diagnose.ts';
import { signalFinder } from '../../src/chain/oracle/findSignal.ts';
import { readActivity } from '../../src/chain/oracle/readActivity.ts';
import { readOwnSignal } from '../../src/chain/oracle/readSignals.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { oracleSigner } from '../../src/chain/signers/oracleSigner.ts';
import { readPayer } from '../../src/chain/transactions/readFunds.ts';
import { readNonce } from '../../src/chain/transactions/readNonce.ts';
import { readPool } from '../../src/chain/transactions/readPool.ts';
import { bumpIn, higher, raised, replacementFees } from '../../src/chain/transactions/replacementFees.ts';
import {
  notedReplacements,
  type ReplaceParameters,
  replaceNonce,
} from '../../src/chain/transactions/replaceNonce.ts';
import { signTransaction } from '../../src/chain/transactions/signTransaction.ts';
import type { Address } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Chain } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import type { Deployment } from '../../src/sandbox/chain/deployment.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { encodeOracleUpdate, signOracleUpdate } from '../../src/sandbox/chain/signals.ts';
import { type AnvilNode, anvilNode } from '../support/anvilNode.ts';
import { DrivenClock } from '../support/fakes.ts';
import { faultyNode } from '../support/faultyNode.ts';
import { sendContext } from '../support/protocolChain.ts';
import { callRpc, type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const key = devPrivateKey(5);
const account = privateKeyToAccount(key);
const oracle: Address = account.address;
const token = (index: number): Address => `0x20c000000000000000000000000000000000000${index}`;
const feeManager = '0xfeec000000000000000000000000000000000000';
const abi = parseAbi([
  'function setUserToken(address)',
  'function transfer(address,uint256) returns (bool)',
  'function balanceOf(address) view returns (uint256)',
]);

describe.each(['tempo', 'ethereum'] as const)('the oracle key on anvil, network %s', (network) => {
  let node: AnvilNode;
  let deployment: Deployment;
  let chain: Chain;
  let signalNonce = 0n;
  const about = { oracle, intervalSeconds: 1, feeToken: null, hostTime: new Date(0) };

  /** Blocks come on a transaction, until a test turns that off. */
  beforeAll(async () => {
    node = await anvilNode(network, '--chain-id', '4217', '--gas-limit', '100000000');
    deployment = await deployProtocol(node.url, {
      network: network === 'tempo' ? 'tempo' : 'plain',
      contracts: 'full',
    });
    chain = through(node.url);
  });
  afterAll(() => node?.[Symbol.asyncDispose]());

  function through(url: string): Chain {
    return connectChain({ rpcUrls: [url], id: 4217, timeoutMs: 3_000, contracts: deployment.addresses });
  }

  async function sendSignal(): Promise<void> {
    const { timestamp } = await readHead(chain);
    signalNonce += 1n;
    const update = {
      pairId: deployment.pairs[0]?.id ?? '0x',
      referenceTick: 0,
      pegDeviation: 0n,
      orderbookDepthBid: 10n ** 12n,
      orderbookDepthAsk: 10n ** 12n,
      timestamp: BigInt(timestamp),
      nonce: signalNonce,
    };
    const { riskController } = deployment.addresses;
    const signature = await signOracleUpdate({ privateKey: key, chainId: 4217, riskController, update });
    // The contract takes times above the last one.
    await node.call('evm_increaseTime', [2]);
    const receipt = await node.call('eth_sendTransactionSync', [
      { from: oracle, to: riskController, data: encodeOracleUpdate(update, signature), gas: '0x1e8480' },
    ]);
    expect(receipt).toMatchObject({ status: '0x1' });
  }

  /** A transaction of the key that waits, at this many times the present price. */
  async function stick(factor: bigint, nonce?: number): Promise<`0x${string}`> {
    const { latest } = await readNonce(chain, oracle);
    const price = factor * BigInt((await node.call('eth_gasPrice')) as string);
    const raw = await account.signTransaction({
      type: 'legacy',
      chainId: 4217,
      nonce: nonce ?? latest,
      to: oracle,
      gas: 100_000n,
      gasPrice: price,
    });
    return (await node.call('eth_sendRawTransaction', [raw])) as `0x${string}`;
  }

  const context = (notes: Record<string, Json>, on: Chain = chain, onNote?: (note: string) => void) =>
    sendContext(on, { keys: {}, notes, ...(onNote === undefined ? {} : { onNote }) });

  function parameters(nonce: number, pending: ReplaceParameters['pending'] = null): ReplaceParameters {
    return {
      openSigner: async () => oracleSigner(key) ?? expect.fail('no key'),
      from: oracle,
      nonce,
      pending,
      feeToken: network === 'tempo' ? token(0) : null,
      limitMs: 5_000,
    };
  }

  /** Mines as soon as one of these transactions waits. */
  async function mineOnce(hash: () => string | undefined): Promise<void> {
    await expect
      .poll(
        async () => hash() !== undefined && (await node.call('eth_getTransactionByHash', [hash()])) !== null,
      )
      .toBe(true);
    await node.call('evm_mine');
  }

  it('reads pairs, sender and fee of the newest signals from the events', async () => {
    await sendSignal();
    await sendSignal();
    const { number } = await readHead(chain);
    const activity = await readActivity(chain, { sender: oracle, head: number });
    expect(activity.pairs).toEqual([deployment.pairs[0]?.id]);
    expect(activity.newest?.block).toBe(number);
    expect(activity.spend?.signals).toBe(2);
    expect(activity.feeToken?.toLowerCase()).toBe(network === 'tempo' ? token(0) : undefined);
    const others = await readActivity(chain, { sender: deployment.accounts.admin.address, head: number });
    expect([others.pairs.length, others.newest, others.spend]).toEqual([1, undefined, undefined]);
  });

  it('proves a signal also on a node without logs, by the blocks and receipts of its sender', async () => {
    await using silent = await rpcServer(({ method, params = [] }: Partial<RpcCall>) => {
      if (method === 'eth_getLogs') throw new RpcRefusal(-32_601, 'the method eth_getLogs does not exist');
      return callRpc(node.url, String(method), params);
    });
    const { number: fromBlock } = await readHead(chain);
    const wait = { fromBlock: fromBlock + 1, limitMs: 10_000 };
    const waiting = awaitSignal(through(silent.url), { oracle, ...wait });
    await sendSignal();
    const found = await waiting;
    expect(found).toMatchObject({ nonce: String(signalNonce), pair: deployment.pairs[0]?.id });
    expect(found.block).toBeGreaterThan(fromBlock);
    // Of another account there is none.
    const { address } = deployment.accounts.admin;
    await expect(awaitSignal(through(silent.url), { oracle: address, ...wait, limitMs: 10 })).rejects.toThrow(
      /No signal of 0x/,
    );
  });

  it('finds the last signal of a key on a node without logs, and of a key that has sent none', async () => {
    await using silent = await faultyNode(node.url, 'nologs');
    await sendSignal();
    const { number: block } = await readHead(chain);
    // What the relay sends beside its signals is looked past.
    await node.call('eth_sendTransactionSync', [{ from: oracle, to: oracle, data: '0x', gas: '0x1e8480' }]);
    expect(await readOwnSignal(through(silent.url), oracle)).toMatchObject({
      block,
      pair: deployment.pairs[0]?.id,
    });
    expect(silent.calls.length).toBeLessThan(60);
    const { address } = deployment.accounts.riskOfficer;
    expect(await readOwnSignal(through(silent.url), address)).toBeUndefined();
    await using away = await faultyNode(node.url, 'nobackend');
    await expect(readOwnSignal(through(away.url), oracle)).rejects.toBeInstanceOf(TvError);
  });

  it.each(['healthy', 'nologs'] as const)(
    'finds the first signal after a block on a node: %s',
    async (mode) => {
      await using faulty = await faultyNode(node.url, mode);
      await sendSignal();
      const { number: afterBlock } = await readHead(chain);
      const find = signalFinder(through(faulty.url), { oracle, afterBlock });
      expect(await find()).toBeUndefined();
      await sendSignal();
      expect(await find()).toMatchObject({ block: afterBlock + 1, from: oracle });
      expect(await find()).toMatchObject({ block: afterBlock + 1, from: oracle });
    },
  );

  it('says that everything is well, and which part is unknown', async () => {
    const well = await diagnose(chain, about);
    expect([well.troubles, well.unknown]).toEqual([[], []]);
    // Registry and logs fail, everything else answers.
    await using partly = await rpcServer(({ method, params = [] }: Partial<RpcCall>) => {
      const [call] = params as [{ to?: string } | undefined];
      const registry = deployment.addresses.governanceRoles.toLowerCase();
      if (method === 'eth_getLogs' || (method === 'eth_call' && call?.to?.toLowerCase() === registry)) {
        throw new RpcRefusal(-32_603, 'internal error');
      }
      return callRpc(node.url, String(method), params);
    });
    const { troubles, unknown, activity } = await diagnose(through(partly.url), about);
    expect([troubles, activity.known]).toEqual([[], false]);
    expect(unknown.map(({ id }) => id)).toContain('not-authorised');
  });

  it('recognises a stuck transaction, and replaces it by one that pays enough and does nothing', async () => {
    await node.call('evm_setAutomine', [false]);
    const { latest } = await readNonce(chain, oracle);
    // Dearer than what tv would pay of itself, so that only a raise over it is taken.
    const original = await stick(50n);
    const pool = await readPool(chain, { account: oracle, nonce: latest });
    expect(pool).toMatchObject({ known: true, value: [{ nonce: latest, hash: original }] });
    if (!pool.known) return;
    const [there] = pool.value;
    // Nothing is late yet by the chain's clock, and then it is.
    expect((await diagnose(chain, about)).troubles.map(({ id }) => id)).toEqual(['pending']);
    const { timestamp } = await readHead(chain);
    const lastError = {
      at: new Date((timestamp + 1) * 1000),
      message: 'replacement transaction underpriced',
    };
    const late = await diagnose(chain, { ...about, lastError });
    expect(late.troubles).toMatchObject([{ id: 'stuck', next: [{ tv: ['oracle', 'unstick'] }] }]);

    const fees = {
      maxFeePerGas: BigInt(there?.maxFeePerGas ?? 0),
      maxPriorityFeePerGas: BigInt(there?.maxPriorityFeePerGas ?? 0),
    };
    const notes: Record<string, Json> = {};
    const replacing = replaceNonce(context(notes), parameters(latest, { hash: original, fees }));
    await mineOnce(() => notedReplacements({ notes }, latest)[0]?.hash);
    const replaced = await replacing;
    expect(replaced).toMatchObject({ nonce: latest, mined: 'replacement' });
    expect(notedReplacements({ notes }, latest)).toHaveLength(1);
    expect(await node.call('eth_getTransactionReceipt', [original])).toBeNull();
    const mined = (await node.call('eth_getTransactionByHash', [replaced.hash])) as Record<string, unknown>;
    expect(mined).toMatchObject({ from: oracle.toLowerCase(), nonce: numberToHex(latest) });
    const calls = (mined['calls'] as readonly { to: string; input: string }[] | undefined) ?? [
      { to: String(mined['to']), input: String(mined['input']) },
    ];
    expect(calls.map(({ to, input }) => [to.toLowerCase(), input])).toEqual([[oracle.toLowerCase(), '0x']]);
    await node.call('evm_setAutomine', [true]);
  });

  it('raises a fee that the node refuses, without seeing what waits there', async () => {
    await node.call('evm_setAutomine', [false]);
    const { latest } = await readNonce(chain, oracle);
    await stick(3n);
    const notes: Record<string, Json> = {};
    const replacing = replaceNonce(context(notes), parameters(latest));
    const taken = async () => {
      for (const { hash } of notedReplacements({ notes }, latest)) {
        if ((await node.call('eth_getTransactionByHash', [hash])) !== null) return hash;
      }
      return undefined;
    };
    await expect.poll(taken).toBeDefined();
    const hash = await taken();
    await node.call('evm_mine');
    expect(await replacing).toMatchObject({ mined: 'replacement', hash });
    expect(notedReplacements({ notes }, latest).length).toBeGreaterThan(1);
    await node.call('evm_setAutomine', [true]);
  });

  it('the original mined instead is as good, and is named', async () => {
    await node.call('evm_setAutomine', [false]);
    const { latest } = await readNonce(chain, oracle);
    const original = await stick(2n);
    const notes: Record<string, Json> = {};
    // Killed once the replacement is in the journal: it never reaches the node.
    const killed = replaceNonce(
      context(notes, chain, () => {
        throw new Error('killed');
      }),
      parameters(latest, { hash: original, fees: { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n } }),
    );
    await expect(killed).rejects.toThrow('killed');
    await node.call('evm_mine');
    const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };
    const replaced = await replaceNonce(context(notes), parameters(latest, { hash: original, fees }));
    expect(replaced).toMatchObject({ nonce: latest, mined: 'original', hash: original });
    await node.call('evm_setAutomine', [true]);
  });

  it('after a crash hands over what was signed, before anything is signed anew', async () => {
    await node.call('evm_setAutomine', [false]);
    const { latest } = await readNonce(chain, oracle);
    const notes: Record<string, Json> = {};
    const killed = replaceNonce(
      context(notes, chain, () => {
        throw new Error('killed');
      }),
      parameters(latest),
    );
    await expect(killed).rejects.toThrow('killed');
    const [first] = notedReplacements({ notes }, latest);
    const replacing = replaceNonce(context(notes), parameters(latest));
    await mineOnce(() => first?.hash);
    expect(await replacing).toMatchObject({ mined: 'replacement', hash: first?.hash });
    expect(notedReplacements({ notes }, latest)).toHaveLength(1);
    await node.call('evm_setAutomine', [true]);
  });

  it('ends in words, and not in success, where nothing gets into a block', async () => {
    await node.call('evm_setAutomine', [false]);
    const { latest } = await readNonce(chain, oracle);
    const notes: Record<string, Json> = {};
    await expect(replaceNonce(context(notes), { ...parameters(latest), limitMs: 600 })).rejects.toMatchObject(
      {
        message: `Nonce ${latest} is still unused after 0.6 s.`,
        exitCode: 5,
        next: [{ when: 'hand the same transactions over again', tv: ['resume'] }],
      },
    );
    await node.call('evm_mine');
    await node.call('evm_setAutomine', [true]);
  });

  describe('the verification', () => {
    const facts = (nonce: number) => ({ oracle, nonces: [nonce], unit: 'relay', wasActive: true }) as never;
    const signal = { nonce: '7', block: 9 };
    const verified = async (on: Chain, nonce: number, results: Record<string, Json>) => {
      const ctx = {
        chain: () => on,
        results,
        signal: new AbortController().signal,
        clock: new DrivenClock(Date.now()),
      } as unknown as StepContext;
      const checks = await unstick.verify(ctx, facts(nonce), {} as never);
      return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
    };

    it.each([
      ['effect there', 'pass', 'pass', -1, { follow: signal }],
      ['effect of the original', 'pass', 'pass', -1, { follow: signal, mined: 'original' }],
      ['effect missing', 'block', 'pass', 0, { follow: signal }],
      ['signal missing', 'pass', 'block', -1, {}],
    ] as const)('%s: nonce %s, signal %s', async (_, nonceStatus, signalStatus, offset, { ...results }) => {
      const { latest } = await readNonce(chain, oracle);
      const nonce = latest + offset;
      const { follow, mined = 'replacement' } = results as { follow?: typeof signal; mined?: string };
      const replaced = { nonce, mined, hash: '0x12', block: 5 };
      const found = await verified(chain, nonce, {
        [`replace-${nonce}`]: replaced,
        ...(follow === undefined ? {} : { follow }),
      });
      expect(found).toEqual({ nonce: nonceStatus, signal: signalStatus });
    });

    it('effect seen late: waits for a node that lags', async () => {
      const { latest } = await readNonce(chain, oracle);
      let asked = 0;
      await using lagging = await rpcServer(({ method, params }) => {
        if (method !== 'eth_getTransactionCount') return callRpc(node.url, method, params);
        asked++;
        return numberToHex(asked <= 4 ? latest - 1 : latest);
      });
      const found = await verified(through(lagging.url), latest - 1, {
        [`replace-${latest - 1}`]: { nonce: latest - 1, mined: 'unknown', hash: null, block: null },
        follow: signal,
      });
      expect(found).toEqual({ nonce: 'pass', signal: 'pass' });
    });

    it('source away: not verified', async () => {
      await using away = await rpcServer(() => {
        throw new RpcRefusal(-32_603, 'internal error');
      });
      const found = await verified(through(away.url), 0, { 'replace-0': null, follow: signal });
      expect(found['nonce']).toBe('block');
    });
  });

  if (network === 'tempo') {
    describe('what pays its fees', () => {
      const asOracle = (to: Address, data: `0x${string}`) =>
        node.call('eth_sendTransactionSync', [{ from: oracle, to, data, gas: '0x1e8480' }]);
      const payer = (paidWith: Address | undefined, named: Address | null = null) =>
        readPayer(chain, { account: oracle, paidWith, named });

      it('is the token of its receipts, before what is set, preferred, or the default', async () => {
        // It prefers BetaUSD now, and its last signal was paid with pathUSD.
        const prefer = encodeFunctionData({ abi, functionName: 'setUserToken', args: [token(2)] });
        await asOracle(feeManager, prefer);
        expect(await payer(token(0), token(1))).toMatchObject({ by: 'receipts', feeToken: token(0) });
        expect(await payer(undefined, token(1))).toMatchObject({ by: 'settings', symbol: 'AlphaUSD' });
        expect(await payer(undefined)).toMatchObject({ by: 'preference', symbol: 'BetaUSD' });
        await sendSignal();
        const { number } = await readHead(chain);
        const { feeToken } = await readActivity(chain, { sender: oracle, head: number });
        expect(feeToken?.toLowerCase()).toBe(token(2));
        const fresh = '0x00000000000000000000000000000000000000f5';
        const unset = await readPayer(chain, { account: fresh, paidWith: undefined, named: null });
        expect(unset).toMatchObject({ by: 'default', feeToken: token(0), balance: 0n });
      });

      it('names that token where it is empty, however much of another there is', async () => {
        const balance = BigInt(
          (await node.call('eth_call', [
            { to: token(2), data: encodeFunctionData({ abi, functionName: 'balanceOf', args: [oracle] }) },
            'latest',
          ])) as string,
        );
        const { admin } = deployment.accounts;
        const away = encodeFunctionData({ abi, functionName: 'transfer', args: [admin.address, balance] });
        const signer = oracleSigner(key) ?? expect.fail('no key');
        const calls = [{ to: token(2), data: away }];
        const { raw } = await signTransaction(chain, { signer, calls, feeToken: token(0) });
        await node.call('eth_sendRawTransactionSync', [raw]);
        const { troubles } = await diagnose(chain, about);
        expect(troubles).toMatchObject([
          {
            id: 'no-fees',
            summary: expect.stringMatching(/has 0 BetaUSD \(paid its last signal\)/),
            next: [{ tv: ['oracle', 'fund'] }, { when: 'then', tv: ['oracle', 'recover'] }],
          },
        ]);
        // Money of another kind does not help, and is not taken for help.
        const alpha = encodeFunctionData({ abi, functionName: 'transfer', args: [oracle, 10_000_000n] });
        await node.call('eth_sendTransactionSync', [{ from: admin.address, to: token(1), data: alpha }]);
        expect((await diagnose(chain, about)).troubles.map(({ id }) => id)).toEqual(['no-fees']);
        const beta = encodeFunctionData({ abi, functionName: 'transfer', args: [oracle, 10_000_000n] });
        await node.call('eth_sendTransactionSync', [{ from: admin.address, to: token(2), data: beta }]);
        expect((await diagnose(chain, about)).troubles).toEqual([]);
      });
    });
  }
});

describe('the fees of a replacement', () => {
  const fees = (maxFeePerGas: bigint, maxPriorityFeePerGas: bigint) => ({
    maxFeePerGas,
    maxPriorityFeePerGas,
  });

  it.each([
    ['a tenth more than what waits, in both', fees(5n, 1n), fees(100n, 10n), fees(111n, 12n)],
    ['above nothing, where the tip was nothing', fees(5n, 0n), fees(100n, 0n), fees(111n, 1n)],
    ['what is usual now, where that is more', fees(500n, 50n), fees(100n, 10n), fees(500n, 50n)],
    ['a tip never above the whole', fees(5n, 300n), fees(100n, 10n), fees(300n, 300n)],
    ['a tenth more than usual, where what waits is hidden', fees(100n, 10n), undefined, fees(111n, 12n)],
  ])('%s', (_, current, pending, expected) => {
    expect(replacementFees(current, pending)).toEqual(expected);
  });

  it.each([
    ['replacement transaction underpriced', 10],
    [
      'replacement transaction underpriced: new tx gas fee cap 5 <= 10 queued + 100% replacement penalty',
      100,
    ],
    ['fee must be 12.5 % higher', 13],
    [undefined, 10],
  ])('the node asks in %j for %s per cent', (words, percent) => {
    expect(bumpIn(words)).toBe(percent);
  });

  it('rounds up', () => {
    expect(raised(fees(1n, 0n), 10)).toEqual(fees(3n, 1n));
    expect(higher(fees(1n, 2n), fees(3n, 1n))).toEqual(fees(3n, 2n));
  });

  it('where the node never takes it, says what the node said', async () => {
    await using stubborn = await rpcServer(({ method }) => {
      if (method === 'eth_getTransactionCount') return '0x7';
      if (method === 'eth_sendRawTransaction')
        throw new RpcRefusal(-32_000, 'replacement transaction underpriced');
      if (method === 'eth_getBlockByNumber') return { number: '0x1', timestamp: '0x1', baseFeePerGas: '0x1' };
      if (method === 'eth_chainId') return '0x1079';
      if (method === 'eth_getCode' || method === 'eth_call') return '0x';
      if (method === 'eth_estimateGas') return '0x5208';
      return '0x1';
    });
    const stubbornChain = connectChain({
      rpcUrls: [stubborn.url],
      id: 4217,
      timeoutMs: 2_000,
      contracts: {} as never,
    });
    const notes: Record<string, Json> = {};
    const failed = await replaceNonce(sendContext(stubbornChain, { keys: {}, notes }), {
      openSigner: async () => oracleSigner(key) ?? expect.fail('no key'),
      from: oracle,
      nonce: 7,
      pending: null,
      feeToken: null,
      limitMs: 800,
    }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TvError);
    expect((failed as TvError).facts['RPC node']).toBe('replacement transaction underpriced');
    expect(notedReplacements({ notes }, 7)).toHaveLength(6);
  });
});
