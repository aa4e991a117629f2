import { parseTransaction } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { checkSending } from '../../src/chain/preflight/checkSending.ts';
import { readFees } from '../../src/chain/transactions/readFees.ts';
import { readNonce } from '../../src/chain/transactions/readNonce.ts';
import { gasPrice } from '../../src/chain/transactions/replacementFees.ts';
import { type SendParameters, sendOnce } from '../../src/chain/transactions/sendOnce.ts';
import type { SignedTransaction } from '../../src/chain/transactions/transaction.ts';
import type { Chain, Context } from '../../src/runbook/context.ts';
import type { Json } from '../../src/runbook/json.ts';
import { Preflight } from '../../src/runbook/preflight.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { type AnvilNode, anvilNode } from '../support/anvilNode.ts';
import { sendContext } from '../support/protocolChain.ts';
import { RpcRefusal, rpcServer } from '../support/rpcServer.ts';

let node: AnvilNode;
let chain: Chain;
let trip: ResolvedIntent;
let parameters: SendParameters;
const keys = { riskOfficer: devAccountIndex.riskOfficer };

/** Without blocks at intervals, so that a transaction can be made to wait. */
beforeAll(async () => {
  node = await anvilNode('ethereum', '--chain-id', '4217', '--gas-limit', '100000000');
  const deployment = await deployProtocol(node.url, { network: 'plain', contracts: 'full' });
  chain = connectChain({ rpcUrls: [node.url], id: 4217, timeoutMs: 3_000, contracts: deployment.addresses });
  trip = await resolveIntent(chain, { intent: 'tripBreaker', pair: deployment.pairs[0]?.id ?? '0x' });
  const from = deployment.accounts.riskOfficer.address;
  parameters = { role: 'riskOfficer', from, calls: [{ to: trip.address, data: trip.data }] };
});
afterAll(() => node?.[Symbol.asyncDispose]());

const context = (notes: Record<string, Json> = {}, on = chain) => sendContext(on, { keys, notes });

async function looked(replace: boolean, on = chain) {
  const ctx = context({}, on) as unknown as Context;
  const preflight = new Preflight(ctx);
  await checkSending(ctx, preflight, { intents: [trip], urgent: true, replace });
  return (await preflight.checks()).find(({ id }) => id === 'nonce');
}

async function mined(): Promise<readonly string[]> {
  const head = Number(await node.call('eth_blockNumber'));
  const hashes: string[] = [];
  for (let block = 0; block <= head; block++) {
    const { transactions } = (await node.call('eth_getBlockByNumber', [`0x${block.toString(16)}`, true])) as {
      transactions: readonly { readonly from: string; readonly hash: string }[];
    };
    const own = transactions.filter(({ from }) => from === parameters.from.toLowerCase());
    hashes.push(...own.map(({ hash }) => hash));
  }
  return hashes;
}

it('says that a transaction is pending, and finds it once it is in a block', async () => {
  const before = await mined();
  await node.call('evm_setAutomine', [false]);
  const notes: Record<string, Json> = {};
  await expect(sendOnce(context(notes), { ...parameters, limitMs: 600 })).rejects.toMatchObject({
    message: 'The transaction is not in a block after 0.6 s.',
    facts: { reason: 'it is pending; its fee may be too low by now' },
    next: [{ when: 'send the same transaction again, never a second one', tv: ['resume'] }],
  });
  await node.call('evm_setAutomine', [true]);
  await node.call('evm_mine');
  const { hash } = await sendOnce(context(notes), parameters);
  expect((await mined()).slice(before.length)).toEqual([hash]);
});

/** A pending transaction of the account, whose fees are a multiple of what is usual now. */
async function stick(factor: bigint): Promise<{ readonly hash: string; readonly nonce: number }> {
  const [{ latest: nonce }, usual] = await Promise.all([readNonce(chain, parameters.from), readFees(chain)]);
  const raw = await privateKeyToAccount(devPrivateKey(keys.riskOfficer)).signTransaction({
    type: 'eip1559',
    chainId: 4217,
    nonce,
    to: parameters.from,
    gas: 21_000n,
    maxFeePerGas: usual.maxFeePerGas * factor,
    maxPriorityFeePerGas: usual.maxPriorityFeePerGas * factor,
  });
  return { hash: (await node.call('eth_sendRawTransaction', [raw])) as string, nonce };
}

const poolMethods = ['txpool_contentFrom', 'eth_getTransactionBySenderAndNonce'];

it.each([
  ['five times the usual fees: one tenth more than that', false, 5n],
  ['five times the usual fees, which the node does not show: ten times the usual', true, 5n],
])('replaces a transaction with %s', async (_, isHidden, factor) => {
  await using public_ = await rpcServer(async ({ method, params }) => {
    if (poolMethods.includes(method)) throw new RpcRefusal(-32601, 'the method is not available');
    return node.call(method, params ?? []);
  });
  const on = isHidden
    ? connectChain({ rpcUrls: [public_.url], id: 4217, timeoutMs: 3_000, contracts: chain.contracts })
    : chain;
  const before = await mined();
  await node.call('evm_setAutomine', [false]);
  const { hash: stuck, nonce } = await stick(factor);
  const look = await looked(true, on);
  expect(look).toMatchObject({
    status: 'warn',
    summary: expect.stringMatching(/; the first will be replaced$/),
  });
  expect(look?.facts?.['pending']).toMatch(
    isHidden
      ? /^its fee is unknown: the RPC node does not show its pool$/
      : new RegExp(`^${stuck}, [\\d.]+ gwei$`),
  );
  const notes: Record<string, Json> = {};
  const sending = sendOnce(context(notes, on), { ...parameters, replace: true });
  sending.catch(() => {});
  try {
    await expect.poll(() => notes['transaction'] !== undefined).toBe(true);
    const { hash, raw } = notes['transaction'] as SignedTransaction;
    const signed = parseTransaction(raw);
    expect(signed.nonce).toBe(nonce);
    // The node took it in place of the other, so it pays enough.
    await expect.poll(() => node.call('eth_getTransactionByHash', [hash])).not.toBeNull();
    const offered = gasPrice({ maxFeePerGas: signed.maxFeePerGas ?? 0n });
    expect(look?.facts?.['replacement']).toBe(isHidden ? `${offered}, over 10 times the usual fee` : offered);
    await node.call('evm_mine');
    await sending;
    expect((await mined()).slice(before.length)).toEqual([hash]);
  } finally {
    await node.call('anvil_dropAllTransactions');
    await node.call('evm_setAutomine', [true]);
  }
});

it('recognises a stuck transaction, and takes its place only when asked', async () => {
  expect(await looked(false)).toMatchObject({ status: 'pass' });
  const before = await mined();
  const { latest } = await readNonce(chain, parameters.from);
  await node.call('evm_setAutomine', [false]);
  const stuck = await privateKeyToAccount(devPrivateKey(keys.riskOfficer)).signTransaction({
    type: 'eip1559',
    chainId: 4217,
    nonce: latest,
    to: parameters.from,
    gas: 21_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
  });
  const stuckHash = (await node.call('eth_sendRawTransaction', [stuck])) as string;
  const words = `a transaction of this account is pending, from nonce ${latest} on`;
  expect(await looked(false)).toMatchObject({
    status: 'block',
    summary: words,
    next: [{ again: ['--replace'], when: 'wait until it is in a block, or replace it' }],
  });
  expect(await looked(true)).toMatchObject({
    status: 'warn',
    summary: `${words}; the first will be replaced`,
  });

  const notes: Record<string, Json> = {};
  const sending = sendOnce(context(notes), { ...parameters, replace: true });
  await expect.poll(() => notes['transaction'] !== undefined).toBe(true);
  const { hash, nonce } = notes['transaction'] as SignedTransaction;
  expect(nonce).toBe(latest);
  await expect.poll(async () => node.call('eth_getTransactionByHash', [hash])).not.toBeNull();
  await node.call('evm_mine');
  await sending;
  expect((await mined()).slice(before.length)).toEqual([hash]);
  expect(await node.call('eth_getTransactionReceipt', [stuckHash])).toBeNull();
  await node.call('evm_setAutomine', [true]);
});

it('blocks before the question where the account cannot pay', async () => {
  const before = (await node.call('eth_getBalance', [parameters.from, 'latest'])) as string;
  await node.call('anvil_setBalance', [parameters.from, '0x1']);
  const ctx = context() as unknown as Context;
  const preflight = new Preflight(ctx);
  expect(await checkSending(ctx, preflight, { intents: [trip] })).toBeUndefined();
  const checks = await preflight.checks();
  expect(checks.filter(({ status }) => status === 'block')).toMatchObject([
    { id: 'fees', summary: expect.stringMatching(/^has 0\.000001 ether, needs at most 0\.\d+ ether$/) },
  ]);
  await node.call('anvil_setBalance', [parameters.from, before]);
});
