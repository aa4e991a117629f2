import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFunctionData } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import { riskControllerAbi } from '../../src/chain/abi/riskController.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent, resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { confirmations } from '../../src/chain/transactions/lookUp.ts';
import { readFunds } from '../../src/chain/transactions/readFunds.ts';
import {
  probeSent,
  type SendParameters,
  sendOnce,
  submitOnce,
} from '../../src/chain/transactions/sendOnce.ts';
import type { SignedTransaction } from '../../src/chain/transactions/transaction.ts';
import { tryRead } from '../../src/chain/tryRead.ts';
import type { Chain } from '../../src/runbook/context.ts';
import type { Json } from '../../src/runbook/json.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import { devAccountIndex } from '../../src/sandbox/chain/devAccounts.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { type Faults, writeFaults } from '../../src/sandbox/services/faults.ts';
import { type FaultMode, faultyNode } from '../support/faultyNode.ts';
import { buildPrograms, type Program, startProgram } from '../support/programs.ts';
import { type ProtocolChain, protocolChain, sendContext } from '../support/protocolChain.ts';

class Killed extends Error {}
const kill = () => {
  throw new Killed();
};

describe.each<readonly [Network, boolean]>([
  ['tempo', true],
  ['tempo', false],
  ['plain', false],
])('on %s, with a nonce line of its own: %s', (network, ownNonceLine) => {
  let world: ProtocolChain;
  let directory: string;
  let proxy: Program;
  let proxied: Chain;
  let trip: ResolvedIntent;
  let reset: ResolvedIntent;
  let start: number;
  let parameters: SendParameters;
  const keys = { riskOfficer: devAccountIndex.riskOfficer };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tv-send-'));
    await buildPrograms(directory, 'rpc_proxy');
    world = await protocolChain(network, 'full');
    const [port = 0] = await freePorts(1);
    proxy = startProgram(directory, 'rpc_proxy', {
      RPC_PROXY_PORT: port,
      RPC_UPSTREAM: world.url,
      FAULTS_FILE: join(directory, 'faults.json'),
    });
    await proxy.line(/Listening on/);
    proxied = world.through(`http://127.0.0.1:${port}`);
    const pair = world.deployment.pairs[0]?.id ?? '0x';
    trip = await resolveIntent(world.chain, { intent: 'tripBreaker', pair });
    reset = await resolveIntent(world.chain, { intent: 'resetBreaker', pair });
    const from = world.deployment.accounts.riskOfficer.address;
    const { feeToken } = await readFunds(world.chain, { account: from, needed: 1_000_000n });
    parameters = {
      role: 'riskOfficer',
      from,
      calls: [{ to: trip.address, data: trip.data }],
      feeToken,
      ownNonceLine,
    };
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await send(world.url, { from: parameters.from, to: reset.address, data: reset.data });
    start = (await world.head()) + 1;
  });
  afterEach(() => faults());

  const faults = (...list: Faults) => writeFaults(join(directory, 'faults.json'), list);
  const context = (notes: Record<string, Json> = {}, chain = world.chain, onNote?: (note: string) => void) =>
    sendContext(chain, { keys, notes, ...(onNote === undefined ? {} : { onNote }) });
  const isOpen = () =>
    tryRead<boolean>(world.chain, {
      address: trip.address,
      abi: riskControllerAbi,
      functionName: 'pairCircuitBroken',
      args: trip.args,
    });
  const expectExactlyOne = async () => {
    expect(await world.countFrom(parameters.from, start)).toBe(1);
  };

  it('writes the transaction to the journal before any node has it', async () => {
    const notes: Record<string, Json> = {};
    await expect(sendOnce(context(notes, world.chain, kill), parameters)).rejects.toThrow(Killed);
    const { hash, raw } = notes['transaction'] as SignedTransaction;
    expect(await world.call('eth_getTransactionByHash', [hash])).toBeNull();
    expect(raw).toMatch(network === 'tempo' ? /^0x76/ : /^0x02/);
    expect(JSON.stringify(notes)).not.toContain(process.env['TV_TEST_KEY_2']?.slice(2));
    expect(await probeSent(context(notes))).toBe('begun');

    const sent = await sendOnce(context(notes), parameters);
    expect(sent.hash).toBe(hash);
    expect(await probeSent(context(notes))).toBe('begun');
    // And once more, as after a kill between the receipt and the journal's line.
    expect(await sendOnce(context(notes), parameters)).toEqual(sent);
    await expectExactlyOne();
    expect(sent.fee).toMatch(network === 'tempo' ? /^0\.00\d+ \w+USD$/ : /^0\.0\d+ ether$/);
  });

  it('signs anew where it was killed before the journal had it', async () => {
    const notes: Record<string, Json> = {};
    expect(await probeSent(context(notes))).toBe('not-done');
    await sendOnce(context(notes), parameters);
    await expectExactlyOne();
  });

  it.each<readonly [string, Faults]>([
    ['accepts it and dies before answering', [{ mode: 'accept-then-die' }]],
    ['says that it is already known', [{ mode: 'already-known' }]],
  ])('sends one transaction through a node that %s', async (_, list) => {
    faults(...list);
    const notes: Record<string, Json> = {};
    const { hash } = await sendOnce(context(notes, proxied), parameters);
    expect(hash).toBe((notes['transaction'] as SignedTransaction).hash);
    await expectExactlyOne();
  });

  it('hands the same bytes over again where the node dropped them', async () => {
    faults({ mode: 'drop-tx' });
    const notes: Record<string, Json> = {};
    const short = { ...parameters, limitMs: 1_200 };
    await expect(sendOnce(context(notes, proxied), short)).rejects.toMatchObject({
      message: 'The transaction is not in a block after 1.2 s.',
      facts: { reason: 'the node takes it and does not keep it' },
    });
    expect(await world.countFrom(parameters.from, start)).toBe(0);
    expect(await probeSent(context(notes))).toBe('begun');
    faults();
    const { hash } = await sendOnce(context(notes, proxied), short);
    expect(hash).toBe((notes['transaction'] as SignedTransaction).hash);
    await expectExactlyOne();
  });

  it('keeps waiting while the node is away, and finds its transaction afterwards', async () => {
    const notes: Record<string, Json> = {};
    await submitOnce(context(notes, proxied), parameters);
    faults({ mode: 'stop' });
    await expect(sendOnce(context(notes, proxied), { ...parameters, limitMs: 500 })).rejects.toMatchObject({
      message: 'Whether the transaction took effect is unknown: no look-up succeeded for 0.5 s.',
      exitCode: 5,
    });
    faults();
    await sendOnce(context(notes, proxied), parameters);
    await expectExactlyOne();
  });

  it('describes a revert, and signs a new transaction only after reporting it', async () => {
    const { accounts, addresses } = world.deployment;
    const notes: Record<string, Json> = {};
    await expect(sendOnce(context(notes, world.chain, kill), parameters)).rejects.toThrow(Killed);
    const change = (functionName: 'grantRole' | 'revokeRole') =>
      send(world.url, {
        from: accounts.admin.address,
        to: addresses.governanceRoles,
        data: encodeFunctionData({
          abi: governanceRolesAbi,
          functionName,
          args: [trip.role.id, parameters.from],
        }),
      });
    await change('revokeRole');
    try {
      await expect(sendOnce(context(notes), parameters)).rejects.toMatchObject({
        message: expect.stringMatching(
          /^The transaction is in block \d+, but reverted: 0x3C44\w{32}93BC lacks RISK_OFFICER on GovernanceRoles .*; no account holds it\.$/,
        ),
      });
      await expectExactlyOne();
      expect(await probeSent(context(notes))).toBe('not-done');
      // Now the simulation fails, and nothing more is sent.
      await expect(sendOnce(context(notes), parameters)).rejects.toMatchObject({
        code: 'transaction.would-revert',
      });
      await expectExactlyOne();
    } finally {
      await change('grantRole');
    }
    await sendOnce(context(notes), parameters);
    expect(await world.countFrom(parameters.from, start)).toBe(2);
  });

  if (!ownNonceLine)
    it('overtaken by other calls: proven only once it is deep enough, then signed anew', async () => {
      const notes: Record<string, Json> = {};
      await expect(sendOnce(context(notes, world.chain, kill), parameters)).rejects.toThrow(Killed);
      await send(world.url, { from: parameters.from, to: reset.address, data: reset.data });
      await expect(sendOnce(context(notes), { ...parameters, limitMs: 200 })).rejects.toMatchObject({
        message: 'Another transaction of this account took the nonce, and is not final yet.',
        exitCode: 5,
        facts: { 'mined instead': expect.stringMatching(/^0x[0-9a-f]{64}$/) },
      });
      expect(await probeSent(context(notes))).toBe('begun');
      await world.call('anvil_mine', [`0x${confirmations.toString(16)}`]);
      await expect(sendOnce(context(notes), parameters)).rejects.toThrow(
        'Another transaction of this account took the nonce; the one of this run can no longer be mined.',
      );
      expect(await probeSent(context(notes))).toBe('not-done');
      await expectExactlyOne();
      const { hash } = await sendOnce(context(notes), parameters);
      expect(hash).toBe((notes['transaction'] as SignedTransaction).hash);
      expect(await world.countFrom(parameters.from, start)).toBe(2);
    });

  if (!ownNonceLine)
    it('overtaken by the very same calls: exit 5, never signed anew', async () => {
      const notes: Record<string, Json> = {};
      await expect(sendOnce(context(notes, world.chain, kill), parameters)).rejects.toThrow(Killed);
      const { transactionHash } = await send(world.url, {
        from: parameters.from,
        to: trip.address,
        data: trip.data,
      });
      await world.call('anvil_mine', [`0x${confirmations.toString(16)}`]);
      for (const _ of ['first', 'resumed']) {
        await expect(sendOnce(context(notes), { ...parameters, limitMs: 200 })).rejects.toMatchObject({
          message: 'Another transaction of this account took the nonce, with the very same calls.',
          exitCode: 5,
          facts: { 'mined instead': transactionHash },
        });
      }
      expect(await probeSent(context(notes))).toBe('begun');
      await expectExactlyOne();
    });

  it.each<readonly [FaultMode, string | undefined]>([
    ['mempool', undefined],
    ['mempool', 'the network is busy'],
    ['sendinternal', undefined],
    ['sync4', undefined],
    ['sync4', 'nonce gap'],
    ['sync404', undefined],
    ['sync404', 'this plan does not include the method'],
    ['lagreceipt', undefined],
  ])('%s (%s): sent once, and found in its block', async (mode, message) => {
    await using node = await faultyNode(world.url, mode, {
      lagMs: 1_500,
      ...(message === undefined ? {} : { message }),
    });
    const notes: Record<string, Json> = {};
    const { hash } = await sendOnce(context(notes, world.through(node.url)), parameters);
    expect(hash).toBe((notes['transaction'] as SignedTransaction).hash);
    expect(await isOpen()).toBe(true);
    await expectExactlyOne();
  });

  it('receipts that never come: exit 5, never overtaken, never signed anew', async () => {
    await using node = await faultyNode(world.url, 'lagreceipt', { lagMs: 600_000 });
    const notes: Record<string, Json> = {};
    for (const _ of ['first', 'resumed']) {
      const sending = sendOnce(context(notes, world.through(node.url)), { ...parameters, limitMs: 800 });
      await expect(sending).rejects.toMatchObject({
        message: expect.stringMatching(
          /^(The transaction is in a block, but no RPC node shows its receipt|Whether the transaction is in a block is unknown) after 0\.8 s\.$/,
        ),
        exitCode: 5,
      });
    }
    await expectExactlyOne();
    // Another node has it.
    const both = world.through(node.url, world.url);
    expect((await sendOnce(context(notes, both), parameters)).hash).toBe(
      (notes['transaction'] as SignedTransaction).hash,
    );
    await expectExactlyOne();
  });

  it('receipts without a status: exit 5, never signed anew, until a node has one', async () => {
    await using node = await faultyNode(world.url, 'statusnone');
    const notes: Record<string, Json> = {};
    for (const _ of ['first', 'resumed']) {
      const sending = sendOnce(context(notes, world.through(node.url)), { ...parameters, limitMs: 300 });
      await expect(sending).rejects.toMatchObject({
        message: expect.stringMatching(
          /^The transaction is in block \d+; whether it succeeded is unknown\.$/,
        ),
        exitCode: 5,
        facts: { reason: 'the status in the receipt is null', 'logs of the called contract': '1' },
      });
      expect(await probeSent(context(notes, world.through(node.url)))).toBe('begun');
    }
    await expectExactlyOne();
    const { hash } = await sendOnce(context(notes, world.through(node.url, world.url)), parameters);
    expect(hash).toBe((notes['transaction'] as SignedTransaction).hash);
    await expectExactlyOne();
  });

  it.each(['recnoblock', 'recother', 'recstring', 'downAfter'] as const)(
    'node %s after the send: unknown with exit 5 and the hash, and resuming sends nothing anew',
    async (mode) => {
      await using node = await faultyNode(world.url, mode);
      const notes: Record<string, Json> = {};
      const through = world.through(node.url);
      const sending = sendOnce(context(notes, through), { ...parameters, limitMs: 300 });
      const error: unknown = await sending.catch((reason: unknown) => reason);
      const { hash } = notes['transaction'] as SignedTransaction;
      expect(error).toMatchObject({
        exitCode: 5,
        facts: { transaction: hash },
        next: expect.arrayContaining([
          { when: 'look it up again, do not send it a second time', tv: ['resume'] },
        ]),
      });
      expect(await probeSent(context(notes, through))).toBe('begun');
      expect((await sendOnce(context(notes), parameters)).hash).toBe(hash);
      await expectExactlyOne();
    },
  );

  it('an estimate above what a block holds → nothing is signed, and exit 3', async () => {
    await using node = await faultyNode(world.url, 'esthuge');
    const notes: Record<string, Json> = {};
    await expect(sendOnce(context(notes, world.through(node.url)), parameters)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The RPC node estimates 18446744073709551615 gas, and a transaction can take \d+; nothing was signed\.$/,
      ),
      exitCode: 3,
    });
    expect(notes).toEqual({});
  });

  it('bytes that the node can never decode → names the command that closes the run', async () => {
    await using node = await faultyNode(world.url, 'refuseSend', { message: 'Failed to decode transaction' });
    const ctx = { ...context({}, world.through(node.url)), runId: 'RUN-1' };
    await expect(sendOnce(ctx, { ...parameters, limitMs: 300 })).rejects.toMatchObject({
      exitCode: 5,
      facts: { answer: 'Failed to decode transaction' },
      next: expect.arrayContaining([
        expect.objectContaining({ tv: ['runs', 'abandon', 'RUN-1', '--reason', '…'] }),
      ]),
    });
  });

  it('refused and nowhere: says so with the words of the node, and resuming hands over the same bytes', async () => {
    await using node = await faultyNode(world.url, 'refuseSend');
    const notes: Record<string, Json> = {};
    const through = world.through(node.url);
    await expect(sendOnce(context(notes, through), { ...parameters, limitMs: 300 })).rejects.toMatchObject({
      message: 'The RPC node refused the transaction; no node knows it, and its nonce is unused.',
      exitCode: 5,
      facts: { answer: 'insufficient funds for gas * price + value' },
    });
    expect(await world.countFrom(parameters.from, start)).toBe(0);
    // A second node takes it.
    const both = world.through(node.url, world.url);
    expect((await sendOnce(context(notes, both), parameters)).hash).toBe(
      (notes['transaction'] as SignedTransaction).hash,
    );
    await expectExactlyOne();
  });

  it('sends nothing where the journal cannot be written', async () => {
    await using node = await faultyNode(world.url);
    const full = () => {
      throw new Error('ENOSPC');
    };
    const ctx = { ...context({}, world.through(node.url)), note: full };
    await expect(sendOnce(ctx, parameters)).rejects.toThrow('ENOSPC');
    await expect(submitOnce(ctx, parameters)).rejects.toThrow('ENOSPC');
    expect(node.calls.filter(({ method }) => method.startsWith('eth_send'))).toEqual([]);
    expect(await world.countFrom(parameters.from, start)).toBe(0);
  });

  it('refuses another key than the plan was made for, and signs nothing', async () => {
    const notes: Record<string, Json> = {};
    const from = world.deployment.accounts.admin.address;
    await expect(sendOnce(context(notes), { ...parameters, from })).rejects.toThrow(
      'The key is another one than the plan was made for.',
    );
    expect(notes).toEqual({});
  });

  if (network === 'tempo')
    it('sends several calls as one transaction', async () => {
      const { pairs } = world.deployment;
      const all = await resolveIntents(
        world.chain,
        pairs.map(({ id }) => ({ intent: 'tripBreaker' as const, pair: id })),
      );
      const calls = all.map(({ address, data }) => ({ to: address, data }));
      const { hash } = await sendOnce(context(), { ...parameters, calls });
      await expectExactlyOne();
      const { logs } = await world.call<{ logs: readonly { readonly address: string }[] }>(
        'eth_getTransactionReceipt',
        [hash],
      );
      const own = logs.filter(({ address }) => address.toLowerCase() === trip.address.toLowerCase());
      expect(own).toHaveLength(pairs.length);
      expect(await isOpen()).toBe(true);
    });
});
