import { expect, it } from 'vitest';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { oracleSigner } from '../../src/chain/signers/oracleSigner.ts';

const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

it.each([
  // Anvil's first two dev keys, as `anvil` prints them.
  [
    'with 0x',
    '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  ],
  [
    'without it, in capitals, between blanks',
    ' 59C6995E998F97A5A0044966F0945389DC9E86DAE88C7A8412F4603B6B78690D\n',
    '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  ],
  // The generator itself, and its negative: the two ends of what is a key.
  ['one', `0x${'1'.padStart(64, '0')}`, '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'],
  [
    'the greatest',
    `0x${(BigInt(`0x${order}`) - 1n).toString(16)}`,
    '0x80C0dbf239224071c59dD8970ab9d542E3414aB2',
  ],
])('a key %s belongs to its address', (_name, text, address) => {
  expect(parseKey(text)?.address).toBe(address);
  expect(oracleSigner(text)?.address).toBe(address);
});

it.each([
  ['zero', '0'.repeat(64)],
  ["the curve's order", order],
  ['above it', 'f'.repeat(64)],
  ['a digit short', '1'.repeat(63)],
  ['a digit long', '1'.repeat(65)],
  ['a letter that is no digit', `${'1'.repeat(63)}g`],
  ['empty', ''],
])('%s is no key', (_name, text) => {
  expect(parseKey(text)).toBeUndefined();
  expect(oracleSigner(text)).toBeUndefined();
});
