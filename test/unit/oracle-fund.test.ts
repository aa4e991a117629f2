import { encodeAbiParameters, encodeEventTopics, parseAbi } from 'viem';
import { describe, expect, it } from 'vitest';
import fund, { judgeBalanceAfter, judgePaid } from '../../runbooks/oracle/fund.ts';
import { fundingCall, paidIn } from '../../src/chain/oracle/fundAccount.ts';
import { planTopUp } from '../../src/chain/oracle/planTopUp.ts';
import type { EmittedLog } from '../../src/chain/transactions/receipt.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import { keyAgeSample } from '../../src/observe/oracle/keyAge.ts';
import {
  type BalanceValue,
  isContract,
  judgeAmount,
  judgeBalance,
  judgeRelay,
} from '../../src/operations/oracle/checkFunding.ts';
import { exampleFacts } from '../../src/operations/oracle/fundFacts.ts';

const oracle = `0x${'a1'.repeat(20)}` as const;
const other = `0x${'b2'.repeat(20)}` as const;
const payer = `0x${'c3'.repeat(20)}` as const;
const token = `0x${'20'.repeat(20)}` as const;
const day = 86_400;

describe('the amount, where none is given', () => {
  const ether = 10n ** 18n;
  const tempo = { network: 'tempo', decimals: 6, days: 30 } as const;
  const plain = { network: 'plain', decimals: 18, days: 30 } as const;
  it.each([
    [
      'nothing is known of its spend',
      { ...tempo, balance: 0n, perSecond: undefined },
      10_000_000n,
      10_000_000n,
      'least',
    ],
    [
      'it spends 1 a day',
      { ...tempo, balance: 0n, perSecond: 1_000_000 / day },
      30_000_000n,
      30_000_000n,
      'spend',
    ],
    [
      'it has a part of that',
      { ...tempo, balance: 12_000_001n, perSecond: 1_000_000 / day },
      30_000_000n,
      18_000_000n,
      'spend',
    ],
    [
      'it has enough',
      { ...tempo, balance: 30_000_000n, perSecond: 1_000_000 / day },
      30_000_000n,
      0n,
      'spend',
    ],
    [
      'it spends very much',
      { ...tempo, balance: 0n, perSecond: 1_000_000 },
      100_000_000n,
      100_000_000n,
      'most',
    ],
    [
      'native, below 0.1',
      { ...plain, balance: ether / 100n, perSecond: undefined },
      ether / 10n,
      (9n * ether) / 100n,
      'least',
    ],
    [
      'native, a part of a hundredth missing',
      { ...plain, balance: ether / 10n - 1n, perSecond: undefined },
      ether / 10n,
      ether / 100n,
      'least',
    ],
    ['native, at most 1', { ...plain, balance: 0n, perSecond: 1e18 }, ether, ether, 'most'],
  ] as const)('%s', (_, given, target, amount, by) => {
    const planned = planTopUp(given);
    // A float of the smallest unit is not exact to the last digit.
    const near = (value: bigint) => (value + 5n) / 10n;
    expect([near(planned.target), near(planned.amount), planned.by]).toEqual([
      near(target),
      near(amount),
      by,
    ]);
  });

  const unit = { symbol: 'pathUSD', decimals: 6 };
  const top = { target: 30_000_000n, amount: 18_000_000n, by: 'spend' } as const;
  const seen = { asked: null, top, days: 30, unit, balance: 12_000_000n, perSecond: 1_000_000 / day };
  it.each([
    ['missing', {}, 'pass', '18000000', '18 pathUSD to reach 30 pathUSD, the fees of 30 days'],
    ['nothing missing', { top: { ...top, amount: 0n } }, 'warn', '0', 'it has enough'],
    ['capped', { top: { ...top, by: 'most' } }, 'warn', '18000000', 'the most without --amount'],
    ['as asked', { asked: 5_000_000n }, 'pass', '5000000', '5 pathUSD, as asked for; lasts 17 days then'],
    ['spend unknown', { asked: 5_000_000n, perSecond: null }, 'pass', '5000000', 'as asked for'],
  ] as const)('%s', (_, changes, status, amount, says) => {
    const finding = judgeAmount({ ...seen, ...changes });
    expect([finding.status, finding.value?.amount]).toEqual([status, amount]);
    expect(finding.summary).toContain(says);
  });
});

describe('whose account', () => {
  const env = known({ address: oracle, feeToken: null });
  const away = unknown('the host cannot be reached');
  it.each([
    ['the key in .env, authorised', { env, listed: [oracle], authorised: true }, 'pass', oracle],
    ['the key in .env, not authorised', { env, listed: [other], authorised: false }, 'block', oracle],
    ['no .env, one oracle', { env: away, listed: [other], authorised: false }, 'warn', other],
    ['no .env, two oracles', { env: away, listed: [oracle, other], authorised: false }, 'block', undefined],
    ['no .env, the list incomplete', { env: away, listed: undefined, authorised: false }, 'block', undefined],
    ['no .env, none', { env: away, listed: [], authorised: false }, 'block', undefined],
    [
      'no .env, the zero address',
      { env: away, listed: [`0x${'0'.repeat(40)}`], authorised: false },
      'block',
      undefined,
    ],
  ] as const)('%s', (_, given, status, address) => {
    const finding = judgeRelay({ ...given, words: 'none' });
    expect([finding.status, finding.value?.oracle]).toEqual([status, address]);
  });
  it.each([
    ['0x', false],
    ['0x6080', true],
    [`0xef0100${'ab'.repeat(20)}`, false],
    [`0xef0100${'ab'.repeat(21)}`, true],
  ])('code %s is a contract: %s', (code, expected) => {
    expect(isContract(code)).toBe(expected);
  });
});

describe('what it has', () => {
  const value: BalanceValue = {
    ...{ network: 'tempo' as const, token, symbol: 'pathUSD', decimals: 6, balance: '12000000' },
    perSecond: 1_000_000 / day,
  };
  const seen = {
    value,
    paysBy: ' (paid its last signal)',
    perSignal: 700n,
    payingSymbol: undefined,
    unknown: undefined,
  };
  it.each([
    ['known', {}, 'pass', 'has 12 pathUSD (paid its last signal), 0.0007 pathUSD a signal, lasts 12 days'],
    ['too little', { value: { ...value, balance: '699' } }, 'warn', 'too little for one signal'],
    ['no signals', { perSignal: undefined }, 'warn', 'what it spends is unknown: no recent signal of it'],
    ['no logs', { perSignal: undefined, unknown: 'no logs' }, 'warn', 'is unknown: no logs'],
    ['another token', { payingSymbol: 'AlphaUSD' }, 'warn', 'pays its fees with AlphaUSD: check --token'],
  ] as const)('%s', (_, changes, status, says) => {
    const finding = judgeBalance({ ...seen, ...changes });
    expect(finding.status).toBe(status);
    expect(finding.summary).toContain(says);
  });
});

describe('the payment', () => {
  const funding = { token, amount: '5000000', words: '5.000000 pathUSD' };
  const native = { token: null, amount: '100000000000000000', words: '0.100000 ether' };
  const abi = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 amount)']);
  const transfer = (
    from: `0x${string}`,
    to: `0x${string}`,
    amount: bigint,
    address: `0x${string}` = token,
  ): EmittedLog => ({
    address,
    topics: encodeEventTopics({ abi, eventName: 'Transfer', args: { from, to } }) as `0x${string}`[],
    data: encodeAbiParameters([{ type: 'uint256' }], [amount]),
  });
  it.each([
    ['the transfer', [transfer(payer, oracle, 5_000_000n)], 5_000_000n],
    [
      'with the fee beside it',
      [transfer(payer, other, 90n), transfer(payer, oracle, 5_000_000n)],
      5_000_000n,
    ],
    ['another token', [transfer(payer, oracle, 5_000_000n, other)], 0n],
    ['another sender', [transfer(other, oracle, 5_000_000n)], 0n],
    ['another receiver', [transfer(payer, other, 5_000_000n)], 0n],
    ['none', [], 0n],
  ])('by the logs of a receipt: %s', (_, logs, moved) => {
    expect(paidIn(logs, funding, payer, oracle)).toBe(moved);
  });
  it.each([
    ['all of it', funding, 5_000_000n, 'pass'],
    ['less', funding, 4_999_999n, 'block'],
    ['twice', funding, 10_000_000n, 'block'],
    ['native, by the transaction alone', native, null, 'pass'],
  ] as const)('verified: %s', (_, of, moved, status) => {
    expect(judgePaid({ oracle, funding: of, hash: '0x1', moved }).status).toBe(status);
  });
  it('native: no log shows it', () => {
    expect(paidIn([], native, payer, oracle)).toBeNull();
  });
  it.each([
    ['more than was sent', 60n, 50n, 50n, 'pass'],
    ['a tenth of it spent meanwhile', 45n, 50n, 50n, 'pass'],
    ['much less than was sent', 44n, 50n, 50n, 'warn'],
    ['nothing sent, and enough', 100n, 0n, 100n, 'pass'],
    ['nothing sent, and a tenth spent meanwhile', 90n, 0n, 100n, 'pass'],
    ['nothing sent, and too little', 89n, 0n, 100n, 'block'],
  ] as const)('the balance afterwards: %s', (_, balance, sent, target, status) => {
    expect(judgeBalanceAfter({ words: '', balance, sent, target }).status).toBe(status);
  });

  const commands = (facts: typeof exampleFacts) =>
    fund
      .plan(facts, { amount: undefined, token: undefined, from: 'treasuryManager' })
      .map(({ command }) => command);
  it('on Tempo is a transfer, elsewhere a value, and nothing where nothing is missing', () => {
    expect(commands({ ...exampleFacts, oracle, funding, token })).toEqual([
      `cast send ${token} "transfer(address,uint256)" ${oracle} 5000000 --rpc-url "$RPC_URL" --account treasuryManager`,
    ]);
    expect(commands({ ...exampleFacts, oracle, funding: native, token: null })).toEqual([
      `cast send ${oracle} --value 100000000000000000 --rpc-url "$RPC_URL" --account treasuryManager`,
    ]);
    expect(commands({ ...exampleFacts, funding: null, sender: null })).toEqual([]);
    expect(fundingCall(funding, oracle).value).toBeUndefined();
    expect(fundingCall(native, oracle).value).toBe('0x16345785d8a0000');
  });
});

describe('the age of the key', () => {
  const now = 1_800_000_000;
  const age = (kind: 'since' | 'before', days: number) => known({ kind, at: now - days * day, block: 7 });
  const at = new Date(now * 1000);
  it.each([
    ['younger', age('since', 89), 'ok', 'the key is 89 days old, authorised in block 7', []],
    ['younger by an hour', age('since', 90 - 1 / 24), 'ok', '89 days old', []],
    ['to the second', age('since', 90), 'warning', '90 days old', ['tv oracle rotate-key']],
    ['older', age('since', 91), 'warning', '91 days old', ['tv oracle rotate-key']],
    ['older at least', age('before', 200), 'warning', 'at least 200 days old', ['tv oracle rotate-key']],
    ['perhaps older', age('before', 3), 'unknown', 'whether 90 days or more is unknown', []],
    ['of next week by the clock of the chain', age('since', -7), 'unknown', 'dated in the future', []],
    ['before a block of next week', age('before', -7), 'unknown', 'dated in the future', []],
    ['unknown', unknown('no logs'), 'unknown', 'is unknown: no logs', []],
  ] as const)('%s', (_, given, level, says, next) => {
    const value = keyAgeSample(given, { now: at, maxDays: 90 });
    expect([value.level, (value.next ?? []).map(plainAdvice)]).toEqual([level, next]);
    expect(value.summary).toContain(says);
  });
});
