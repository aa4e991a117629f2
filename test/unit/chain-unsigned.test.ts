import { keccak256, stringToHex } from 'viem';
import { expect, it } from 'vitest';
import { checkedAddress, findPair, pairId } from '../../src/chain/pairs/pair.ts';
import { feeOf, formatFunds } from '../../src/chain/transactions/readFunds.ts';
import { canonical, safeBatch } from '../../src/chain/unsigned/safeBatch.ts';

const address = '0x49d4450977E2c95362C13D3a31a09311E0Ea26A6';
/** The example of the test of Safe's own Transaction Builder (apps/tx-builder/src/lib/checksum.test). */
const builders = {
  version: '1.0',
  chainId: '4',
  createdAt: 1646321521061,
  meta: {
    name: null,
    txBuilderVersion: '1.4.0',
    checksum: '',
    createdFromSafeAddress: '0xDF8a1Ce35c9a6ACE153B4e0767942f1E2291a1Aa',
    createdFromOwnerAddress: address,
  },
  transactions: [
    {
      to: address,
      value: '0',
      contractMethod: {
        inputs: [{ internalType: 'address', name: 'paramAddress', type: 'address' }],
        name: 'testAddress',
        payable: false,
      },
      contractInputsValues: { paramAddress: address },
    },
    {
      to: address,
      value: '0',
      contractMethod: {
        inputs: [{ internalType: 'bool', name: 'paramBool', type: 'bool' }],
        name: 'testBool',
        payable: false,
      },
      contractInputsValues: { paramAddress: '', paramBool: 'false' },
    },
    {
      to: address,
      value: '2000000000000000000',
      data: '0x42f4579000000000000000000000000049d4450977e2c95362c13d3a31a09311e0ea26a6',
    },
  ],
};

it("makes the checksum of Safe's own example", () => {
  expect(keccak256(stringToHex(canonical(builders)))).toBe(
    '0x4ecbfd364aa6759983915644e73f8bd411e85a2dc306f252a387c2728c4db64c',
  );
});

it('writes a batch whose checksum the builder finds when it reads the file', () => {
  const text = safeBatch({
    chainId: 4217,
    name: 'tv: trip breakers',
    description: 'one',
    createdAt: 1_795_478_460_240,
    calls: [{ to: address.toLowerCase() as typeof address, data: '0x1234' }],
  });
  const batch = JSON.parse(text);
  expect(batch).toMatchObject({
    version: '1.0',
    chainId: '4217',
    createdAt: 1_795_478_460_240,
    transactions: [
      { to: address, value: '0', data: '0x1234', contractMethod: null, contractInputsValues: null },
    ],
  });
  // As it reads it: the checksum taken out of `meta`, and the name with it.
  const { checksum, ...meta } = batch.meta;
  const again = keccak256(stringToHex(canonical({ ...batch, meta: { ...meta, name: null } })));
  expect(checksum).toBe(again);
});

const tokens = [
  '0x20c0000000000000000000000000000000000001',
  '0x20c0000000000000000000000000000000000000',
] as const;
const id = pairId(...tokens);
const settings = { pairs: { 'Alpha-path': { tokens }, other: { id: `0x${'ab'.repeat(32)}` } } } as const;

it('knows a pair by its name, its id or its tokens', () => {
  const alpha = { id, name: 'Alpha-path' };
  for (const text of [
    'Alpha-path',
    ' alpha-PATH ',
    id,
    id.toUpperCase().replace('0X', '0x'),
    tokens.join('/'),
    tokens.toReversed().join(' / '),
  ]) {
    expect(findPair(settings, text)).toEqual(alpha);
  }
  expect(findPair(settings, `0x${'AB'.repeat(32)}`)).toEqual({ id: `0x${'ab'.repeat(32)}`, name: 'other' });
  expect(findPair(settings, `0x${'cd'.repeat(32)}`)).toEqual({ id: `0x${'cd'.repeat(32)}`, name: null });
});

it.each([
  ['nothing like it', 'There is no such pair.'],
  ['0x1234', 'There is no such pair.'],
  [`${tokens[0]}/${tokens[0]}`, 'A pair has two different tokens.'],
  [`${tokens[0]}/0x12`, 'That is not an address.'],
  [
    `${tokens[0]}/${address.replace('E2c9', 'e2c9')}`,
    'The checksum of the address is wrong: a digit or the case of a letter.',
  ],
])('refuses %s as a pair', (text, message) => {
  expect(() => findPair(settings, text)).toThrow(message);
});

it('takes addresses with a right checksum, or in one case', () => {
  expect(checkedAddress(address)).toBe(address);
  expect(checkedAddress(address.toLowerCase())).toBe(address);
  expect(() => checkedAddress(address.slice(0, -1))).toThrow(
    expect.objectContaining({ code: 'usage.malformed-address' }),
  );
  expect(() => checkedAddress(`${address.slice(0, -1)}a`)).toThrow(
    expect.objectContaining({
      code: 'usage.malformed-address',
      facts: expect.objectContaining({
        'with the checksum': '0x49d4450977E2c95362C13D3a31a09311e0eA26aa',
      }),
    }),
  );
});

it('reckons fees on Tempo in the smallest unit of a token, rounded up', () => {
  // A node needs 2460 for these figures, rounded down: 2 000 000 gas at 1.23 gwei.
  expect(feeOf('tempo', 2_000_000n, 1_230_255_618n)).toBe(2_461n);
  expect(feeOf('tempo', 1n, 1n)).toBe(1n);
  expect(feeOf('plain', 21_000n, 7n)).toBe(147_000n);
});

it('writes amounts with six digits at most, rounded up', () => {
  expect(formatFunds(2_460n, { symbol: 'pathUSD', decimals: 6 })).toBe('0.00246 pathUSD');
  expect(formatFunds(1_234_567_000_000n, { symbol: 'pathUSD', decimals: 6 })).toBe('1 234 567 pathUSD');
  expect(formatFunds(1n, { symbol: 'ether', decimals: 18 })).toBe('0.000001 ether');
});
