import { expect, it } from 'vitest';
import { judgeAfter } from '../../runbooks/emergency/unwind.preflight.ts';
import type { Outcome } from '../../src/chain/treasury/tryWithdrawal.ts';
import { known, unknown } from '../../src/errors/answer.ts';

const tried = (symbol: string, answer: Outcome | string) => ({
  token: { symbol },
  answer: typeof answer === 'string' ? unknown(answer) : known(answer),
});
const pays = { outcome: 'pays' } as const;
const refused = { outcome: 'refused', why: 'the vault is empty' } as const;

it.each([
  [
    'all pay',
    [tried('A', pays), tried('B', pays)],
    ...['pass', 'withdrawals succeed after the unwind, as simulated'],
    undefined,
  ],
  [
    'one is refused',
    [tried('A', pays), tried('B', refused)],
    ...['warn', 'of withdrawals after the unwind those of A succeed, as simulated'],
    { B: 'the vault is empty' },
  ],
  [
    'all are refused: no word of success',
    [tried('A', refused)],
    ...['warn', 'of withdrawals after the unwind none succeeds, as simulated'],
    { A: 'the vault is empty' },
  ],
  [
    'the node did not answer',
    [tried('A', pays), tried('B', 'no answer within 5 s')],
    ...['warn', 'whether the vault pays out B after the unwind is unknown'],
    { reason: 'no answer within 5 s' },
  ],
  [
    'the node cannot simulate',
    [tried('A', { outcome: 'unknown' })],
    ...['warn', 'whether the vault pays out A after the unwind is unknown'],
    { reason: 'the node cannot simulate it' },
  ],
] as const)('withdrawals after an unwind: %s', (_, all, status, summary, facts) => {
  expect(judgeAfter(all)).toMatchObject({ status, summary, ...(facts === undefined ? {} : { facts }) });
});
