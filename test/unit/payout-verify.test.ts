import { encodeAbiParameters, encodeEventTopics, encodeFunctionData } from 'viem';
import { describe, expect, it } from 'vitest';
import { riskControllerAbi } from '../../src/chain/abi/riskController.ts';
import { tokenAbi } from '../../src/chain/abi/token.ts';
import { treasuryVaultAbi } from '../../src/chain/abi/treasuryVault.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { examplePayout, type PayoutFacts } from '../../src/operations/payout/facts.ts';
import { payoutSteps } from '../../src/operations/payout/steps.ts';
import { checkPaid } from '../../src/operations/payout/verify.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { Preflight } from '../../src/runbook/preflight.ts';
import { DrivenClock } from '../support/fakes.ts';

const example = examplePayout();
const [withdrawal] = example.withdrawals;
if (withdrawal === undefined || example.pause.way !== 'steps') throw new Error('another example');
const { recipient } = example;
const { begin } = example.pause;
const token = withdrawal.token.address;
const vault = withdrawal.intent.address;
const amount = BigInt(withdrawal.amount);
const other = '0x00000000000000000000000000000000000000ff';
const hash = `0x${'ab'.repeat(32)}` as const;
const pauseHash = `0x${'cd'.repeat(32)}` as const;
const laterHash = `0x${'ef'.repeat(32)}` as const;
const word = (value: bigint) => encodeAbiParameters([{ type: 'uint256' }], [value]);

const transfer = ({ by = token, from = vault, to = recipient, value = amount } = {}) => ({
  address: by,
  topics: encodeEventTopics({ abi: tokenAbi, eventName: 'Transfer', args: { from, to } }),
  data: word(value),
});
const withdrawn = ({ by = vault, of = token, to = recipient, value = amount } = {}) => ({
  address: by,
  topics: encodeEventTopics({
    abi: treasuryVaultAbi,
    eventName: 'Withdrawn',
    args: { vaultId: 1n, token: of, recipient: to },
  }),
  data: encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [value, 7n]),
});
const toggled = (paused: boolean) => ({
  address: begin.address,
  topics: encodeEventTopics({ abi: riskControllerAbi, eventName: 'GlobalPauseToggled', args: { by: other } }),
  data: word(paused ? 1n : 0n),
});
const vaultPaused = {
  address: vault,
  topics: encodeEventTopics({ abi: treasuryVaultAbi, eventName: 'Paused' }),
  data: encodeAbiParameters([{ type: 'address' }], [other]),
};
const right = [withdrawn(), transfer()];
const receipt = (logs: readonly unknown[], status: unknown = '0x1') => ({ blockNumber: '0x5', status, logs });

interface World {
  /** By hash; null where the node has none, an error where it does not answer. */
  readonly receipts: Readonly<Record<string, unknown>>;
  readonly paused?: boolean | 'no such function';
  /** Events of the risk controller since. */
  readonly logs?: readonly unknown[];
}

function chainOf({ receipts, paused = true, logs = [] }: World) {
  const request = async ({ method, params }: { method: string; params?: readonly unknown[] }) => {
    const [first] = params ?? [];
    switch (method) {
      case 'eth_getTransactionReceipt': {
        const answer = receipts[String(first)];
        if (answer instanceof Error) throw answer;
        if (answer === undefined) throw new Error(`unexpected hash ${String(first)}`);
        return answer;
      }
      case 'eth_chainId':
        return '0x1079';
      case 'eth_getCode':
        return '0x00';
      case 'eth_getStorageAt':
        return word(0n);
      case 'eth_call':
        if (/0{39}4$/.test(String(Reflect.get(first as object, 'to'))))
          return Reflect.get(first as object, 'data');
        return paused === 'no such function' ? '0x' : word(paused ? 1n : 0n);
      case 'eth_getBlockByNumber':
        return { number: '0x9', timestamp: '0x1', hash };
      case 'eth_getLogs':
        return logs;
      case 'eth_getTransactionByHash':
        return { from: other };
      default:
        // Balances above all: no verdict rests on them.
        throw new Error(`unexpected call ${method}`);
    }
  };
  return {
    client: { request, transport: { nodes: [{}] } },
    contracts: { riskController: begin.address, treasuryVault: vault },
    urls: ['http://node'],
  };
}

function contextOf(world: World, results: StepContext['results'], noted: unknown[], ageMs: number) {
  const chain = chainOf(world);
  return {
    chain: () => chain,
    results,
    runId: 'run',
    runs: { read: () => noted },
    // The head of `chainOf` has the time 1 s.
    clock: new DrivenClock(1_000 + ageMs),
    signal: new AbortController().signal,
  } as unknown as StepContext;
}

async function checksOf(
  world: World,
  facts: PayoutFacts,
  results: StepContext['results'],
  noted: unknown[] = [],
  ageMs = 5_000,
) {
  const ctx = contextOf(world, results, noted, ageMs);
  const preflight = new Preflight(ctx);
  checkPaid(ctx, preflight, facts);
  const checks = await preflight.checks();
  return (id: string) => checks.find((check) => check.id === id);
}

const plain: PayoutFacts = { ...example, pause: { way: 'not in the way' } };
const paid = { withdraw: { hash, from: other, block: 5, paid: { [token]: amount.toString() } } };
const away = new UnavailableError('chain.node-unreachable', 'The RPC node cannot be reached: ECONNREFUSED.');

describe('a withdrawal is verified by the receipt of its own hash', () => {
  it.each<readonly [string, unknown, 'pass' | 'warn' | 'block', RegExp]>([
    ['the effect of this run', receipt(right), 'pass', /received .*: Transfer and Withdrawn in the receipt/],
    [
      'in two transfers',
      receipt([withdrawn(), transfer({ value: 1n }), transfer({ value: amount - 1n })]),
      'pass',
      /./,
    ],
    ['beside a fee and a deposit', receipt([...right, transfer({ from: other, to: vault })]), 'pass', /./],
    ['status in another spelling', receipt(right, '0x01'), 'pass', /./],
    ['the vault emits no event', receipt([transfer()]), 'warn', /no Withdrawn event/],
    ['beside another event of the vault', receipt([vaultPaused, ...right]), 'pass', /./],
    ['effect missing', receipt([]), 'block', /the receipt shows 0/],
    ['no transfer', receipt([withdrawn()]), 'block', /the receipt shows 0/],
    ['less', receipt([withdrawn(), transfer({ value: amount - 1n })]), 'block', /, not 250 000/],
    ['twice', receipt([...right, transfer()]), 'block', /the receipt shows 500 000/],
    ['to another account', receipt([withdrawn(), transfer({ to: other })]), 'block', /the receipt shows 0/],
    [
      'from another account',
      receipt([withdrawn(), transfer({ from: other })]),
      'block',
      /the receipt shows 0/,
    ],
    ['of another token', receipt([withdrawn(), transfer({ by: other })]), 'block', /the receipt shows 0/],
    [
      'the vault records less',
      receipt([withdrawn({ value: 1n }), transfer()]),
      'block',
      /but the vault recorded/,
    ],
    [
      'another vault records it',
      receipt([withdrawn({ by: other }), transfer()]),
      'warn',
      /no Withdrawn event/,
    ],
    ['reverted', receipt([], '0x0'), 'block', /not proven .*: its receipt says that it reverted/],
    ['without a status', receipt(right, null), 'block', /not proven .*: the status in the receipt is null/],
    [
      'without logs',
      { blockNumber: '0x5', status: '0x1' },
      'block',
      /not proven .*: the receipt has no logs/,
    ],
    ['seen late', null, 'block', /not proven .*: no RPC node has its receipt/],
    ['the source away', away, 'block', /cannot be reached/],
  ])('%s', async (_, answer, status, summary) => {
    const check = await checksOf({ receipts: { [hash]: answer } }, plain, paid);
    expect(check('recipient')).toMatchObject({ status, summary: expect.stringMatching(summary) });
  });

  it('the effect of another account: blocked, whatever the recipient has now', async () => {
    const check = await checksOf({ receipts: {} }, plain, {});
    expect(check('recipient')).toMatchObject({
      status: 'block',
      summary: 'this run has sent no withdrawal of AlphaUSD',
    });
  });

  it('a step that failed undecided: the hash in the journal is looked up all the same', async () => {
    const args = [token, amount, recipient] as const;
    const data = encodeFunctionData({ abi: treasuryVaultAbi, functionName: 'withdraw', args });
    const value = { hash, calls: [{ to: vault, data }] };
    const noted = [{ type: 'step.noted', step: 'withdraw', note: 'transaction', value }];
    const of = async (answer: unknown) =>
      (await checksOf({ receipts: { [hash]: answer } }, plain, {}, noted))('recipient')?.status;
    expect([await of(receipt(right)), await of(receipt(right, null))]).toEqual(['pass', 'block']);
  });
});

describe('the pause after a withdrawal', () => {
  const results = { ...paid, pause: { hash: pauseHash, from: other, block: 6 } };
  const later = { ...toggled(false), transactionHash: laterHash, blockNumber: '0x8' };
  const own = { ...toggled(true), transactionHash: pauseHash, blockNumber: '0x5' };
  it.each<readonly [string, Partial<World>, unknown, 'pass' | 'warn' | 'block', RegExp]>([
    ['paused', { paused: true }, receipt([toggled(true)]), 'pass', /paused again, read back/],
    ['unpaused by another', { logs: [own, later] }, receipt([toggled(true)]), 'warn', /was unpaused since/],
    [
      'unpaused, no event',
      { logs: [own] },
      receipt([toggled(true)]),
      'block',
      /NOT SAFE: .*was unpaused since/,
    ],
    ['never paused by this run', {}, receipt([]), 'block', /^NOT SAFE: the protocol is not paused$/],
    [
      'no contract returns it',
      { paused: 'no such function' },
      receipt([toggled(true)]),
      'block',
      /^NOT SAFE: whether the protocol is paused again is unknown/,
    ],
    ['the pause reverted', {}, receipt([], '0x0'), 'block', /^NOT SAFE: the protocol is not paused$/],
    ['the pause without a receipt', {}, null, 'block', /^NOT SAFE: the protocol is not paused$/],
    ['the source away', {}, away, 'block', /cannot be reached/],
  ])('%s', async (_, world, answer, status, summary) => {
    const receipts = { [hash]: receipt(right), [pauseHash]: answer };
    const check = await checksOf({ paused: false, ...world, receipts }, example, results);
    expect(check('pause')).toMatchObject({ status, summary: expect.stringMatching(summary) });
    if (status === 'warn') {
      expect(check('pause')?.facts).toMatchObject({
        'changed by this run': `${pauseHash} in block 5`,
        'changed since by': `${laterHash} in block 8`,
        sender: other,
      });
    }
  });

  it.each<readonly [string, number, StepContext['results'], RegExp]>([
    ['the newest block is old', 600_000, results, /^current state unknown: .* 9, is 10 min old$/],
    [
      'the node lacks a block of this run',
      5_000,
      { ...results, pause: { hash: pauseHash, from: other, block: 12 } },
      /^current state unknown: .* block 9, .* in block 12$/,
    ],
  ])('%s → unknown, though it shows the protocol paused', async (_, ageMs, sent, summary) => {
    const receipts = { [hash]: receipt(right), [pauseHash]: receipt([toggled(true)]) };
    const check = await checksOf({ paused: true, receipts }, example, sent, [], ageMs);
    expect(check('pause')).toMatchObject({ status: 'block', summary: expect.stringMatching(summary) });
  });

  it('undone, and the newest block is old → unknown, though it shows the protocol paused', async () => {
    const undone = async (ageMs: number) => {
      const ctx = contextOf({ paused: true, receipts: {} }, results, [], ageMs);
      return payoutSteps(example)[0]?.checkUndone?.(ctx);
    };
    expect(await undone(5_000)).toMatchObject({ status: 'pass' });
    expect(await undone(600_000)).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^current state unknown: /),
    });
  });
});

describe('which payments of a run count', () => {
  /** One transaction for each withdrawal. */
  const elsewhere = { ...plain.sender, network: 'plain' } as const;
  const second = '0x20c0000000000000000000000000000000000002';
  const secondHash = `0x${'12'.repeat(32)}` as const;
  const both: PayoutFacts = {
    ...plain,
    withdrawals: [
      withdrawal,
      { ...withdrawal, token: { ...withdrawal.token, address: second, symbol: 'BetaUSD' } },
    ],
  };
  const pays = (of: typeof hash | typeof secondHash, address: string, value: bigint) => ({
    ...{ hash: of, from: other, block: 5 },
    paid: { [address]: value.toString() },
  });

  it('two tokens, each in a transaction of its own → each is verified by its own receipt', async () => {
    const results = { withdraw: pays(hash, token, amount), 'withdraw-2': pays(secondHash, second, 5n) };
    const receipts = {
      [hash]: receipt(right),
      [secondHash]: receipt([withdrawn({ of: second, value: 5n }), transfer({ by: second, value: 5n })]),
    };
    const check = await checksOf({ receipts }, { ...both, sender: elsewhere }, results);
    const ends = (of: string) => expect.stringMatching(new RegExp(`in the receipt of ${of}$`));
    expect(check('recipient AlphaUSD')).toMatchObject({ status: 'pass', summary: ends(hash) });
    expect(check('recipient BetaUSD')).toMatchObject({ status: 'pass', summary: ends(secondHash) });
  });

  it('one token in two transactions → the sum counts, and both receipts are named', async () => {
    const results = { withdraw: pays(hash, token, amount), 'withdraw-2': pays(secondHash, token, 5n) };
    const twice = { ...plain, sender: elsewhere, withdrawals: [withdrawal, withdrawal] };
    const receipts = {
      [hash]: receipt(right),
      [secondHash]: receipt([withdrawn({ value: 5n }), transfer({ value: 5n })]),
    };
    const of = async (last: unknown) =>
      (await checksOf({ receipts: { ...receipts, [secondHash]: last } }, twice, results))(
        'recipient AlphaUSD',
      );
    expect(await of(receipts[secondHash])).toMatchObject({
      status: 'pass',
      summary: expect.stringContaining(`in the receipt of ${hash}, ${secondHash}`),
    });
    expect(await of(receipt([]))).toMatchObject({
      status: 'block',
      facts: { transaction: `${hash}, ${secondHash}`, vault, recipient },
    });
    expect(await of(receipt([], '0x0'))).toMatchObject({
      status: 'block',
      facts: { transaction: secondHash },
      next: [{ tv: ['resume'] }],
    });
  });

  it('results of other steps, and of a step without one → do not count', async () => {
    const foreign = pays(secondHash, token, 1n);
    const others = {
      withdrawals: foreign,
      'before-withdraw': foreign,
      'withdraw-x': foreign,
      'withdraw-3': null,
    };
    const check = await checksOf({ receipts: { [hash]: receipt(right) } }, plain, { ...paid, ...others });
    expect(check('recipient')?.status).toBe('pass');
  });

  it('journal lines other than the transaction of a withdrawal → do not count', async () => {
    const args = [token, amount, recipient] as const;
    const calls = [
      { to: vault, data: encodeFunctionData({ abi: treasuryVaultAbi, functionName: 'withdraw', args }) },
    ];
    const line = { type: 'step.noted', step: 'withdraw', note: 'transaction', value: { hash, calls } };
    const foreign = { hash: secondHash, calls };
    const noted = [
      line,
      { ...line, type: 'step.done', value: foreign },
      { ...line, note: 'replaced', value: foreign },
      { ...line, step: 'pause', value: foreign },
      { type: 'step.started', step: 'withdraw' },
    ];
    const check = await checksOf({ receipts: { [hash]: receipt(right) } }, plain, {}, noted);
    expect(check('recipient')?.status).toBe('pass');
  });

  it('none was sent → resume is advised', async () => {
    const check = await checksOf({ receipts: {} }, plain, {});
    expect(check('recipient')?.next).toEqual([{ tv: ['resume'] }]);
  });
});

describe('the pause where no withdrawal had to end it', () => {
  it.each<readonly [string, NonNullable<World['paused']>, 'pass' | 'warn', string]>([
    ['paused', true, 'pass', 'paused'],
    ['not paused', false, 'pass', 'not paused'],
    [
      'no contract has the function',
      'no such function',
      'warn',
      'paused state unknown: no contract returns it',
    ],
  ])('%s → %s in the check', async (_situation, paused, status, summary) => {
    const check = await checksOf({ receipts: { [hash]: receipt(right) }, paused }, plain, paid);
    expect(check('pause')).toMatchObject({ status, summary, world: 'chain' });
  });

  it('a run that had to end it and has sent no pause → NOT SAFE, and the shutdown is advised', async () => {
    const check = await checksOf({ receipts: {}, paused: false }, example, {});
    expect(check('pause')).toMatchObject({
      status: 'block',
      summary: 'NOT SAFE: the protocol is not paused',
      next: [{ tv: ['emergency', 'shutdown'] }],
    });
  });
});
