import { expect, it } from 'vitest';
import type { Places } from '../../src/chain/treasury/readPlaces.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { outside } from '../../src/operations/offVaultBalances.ts';

const token = {
  address: '0x20c0000000000000000000000000000000000001',
  symbol: 'AlphaUSD',
  decimals: 6,
} as const;
const none: Places = {
  vault: '0',
  strategy: '0',
  dex: '0',
  recipient: '0',
  book: '0',
  deployed: '0',
  fees: '0',
};
const pairs = [
  { id: `0x${'1'.repeat(64)}`, name: 'A-B' },
  { id: `0x${'2'.repeat(64)}`, name: 'B-C' },
] as const;
const found = (places: Partial<Places>, named: Parameters<typeof outside>[1] = pairs) =>
  outside([{ token, places: { ...none, ...places } }], named);

it('all in the vault → passes', () => {
  expect(found({ vault: '5' })).toEqual({ status: 'pass', summary: 'nothing is left outside the vault' });
});

it.each<readonly [string, Partial<Places>, Record<string, string>, string]>([
  [
    'held by the strategy',
    { strategy: '421406000000' },
    { 'in the strategy': '421 406 AlphaUSD' },
    '421 406 AlphaUSD in the strategy: no command of tv returns it to the vault; whoever administers DexStrategy has to',
  ],
  [
    'held by the DEX',
    { dex: '3000000' },
    { 'on the DEX': '3 AlphaUSD' },
    'for the 3 AlphaUSD on the DEX: tv emergency unwind --pair A-B --pair B-C',
  ],
  [
    'booked as deployed',
    { deployed: '3000000' },
    { 'booked as deployed': '3 AlphaUSD' },
    '3 AlphaUSD booked as deployed: no command of tv corrects the book; until that is done the vault does not pay it out',
  ],
])('%s → says how much, and what gets it out or that tv does not', (_, places, facts, next) => {
  expect(found(places)).toEqual({
    ...{ status: 'warn', summary: 'some capital is not withdrawable', facts },
    next: [expect.anything()],
  });
  expect((found(places).next ?? []).map(plainAdvice)).toEqual([next]);
});

it('on the DEX, no pair named → the flag is shown', () => {
  expect(found({ dex: '3000000' }, []).next).toEqual([
    { when: 'for the 3 AlphaUSD on the DEX', tv: ['emergency', 'unwind', '--pair', 'PAIR'] },
  ]);
});
