import { describe, expect, it } from 'vitest';
import { parseReceipt, parseStatus } from '../../src/chain/transactions/receipt.ts';

const hash = `0x${'ab'.repeat(32)}` as const;
const log = { address: `0x${'Ac'.repeat(20)}`, topics: [hash], data: '0x01' };

describe('the status of a receipt', () => {
  it.each<readonly [unknown, 'success' | 'failure' | undefined]>([
    ['0x1', 'success'],
    ['0X1', 'success'],
    ['0x01', 'success'],
    [`0x${'0'.repeat(63)}1`, 'success'],
    ['1', 'success'],
    [1, 'success'],
    ['0x0', 'failure'],
    ['0X0', 'failure'],
    ['0x00', 'failure'],
    ['0', 'failure'],
    [0, 'failure'],
    [null, undefined],
    [undefined, undefined],
    ['', undefined],
    ['0x', undefined],
    ['0x2', undefined],
    ['0x10', undefined],
    ['0x1 ', undefined],
    ['success', undefined],
    [2, undefined],
    [-1, undefined],
    [true, undefined],
    [false, undefined],
    [[1], undefined],
    [{}, undefined],
  ])('%j is %s', (status, meaning) => {
    expect(parseStatus(status)).toEqual(
      meaning === undefined ? { known: false, reason: expect.any(String) } : { known: true, value: meaning },
    );
  });

  it('is unknown where the state root is in its place', () => {
    const receipt = parseReceipt({ blockNumber: '0x5', root: hash, logs: [] }, hash);
    expect(receipt?.status).toEqual({ known: false, reason: 'the receipt has no status' });
  });
});

describe('a receipt', () => {
  it('has its logs and amounts where they can be read', () => {
    const value = {
      blockNumber: '0x5',
      status: '0x1',
      logs: [log],
      gasUsed: 21000,
      effectiveGasPrice: '0x2',
    };
    expect(parseReceipt({ ...value, transactionHash: hash.toUpperCase().replace('X', 'x') }, hash)).toEqual({
      hash,
      block: 5,
      status: { known: true, value: 'success' },
      logs: { known: true, value: [{ address: log.address.toLowerCase(), topics: [hash], data: '0x01' }] },
      gasUsed: 21_000n,
      gasPrice: 2n,
    });
  });

  it.each([
    ['null', null],
    ['one of a pending transaction', { blockNumber: null, status: '0x1', logs: [] }],
  ])('%s is none yet', (_, value) => {
    expect(parseReceipt(value, hash)).toBeUndefined();
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['with a log that is none', ['log']],
    ['with a short topic', [{ ...log, topics: ['0x1'] }]],
  ])('logs %s are unknown, and not none', (_, logs) => {
    const receipt = parseReceipt({ blockNumber: '0x5', status: '0x1', logs, gasUsed: 'much' }, hash);
    expect([receipt?.logs.known, receipt?.gasUsed]).toEqual([false, undefined]);
  });

  it.each([
    ['of another transaction', { transactionHash: `0x${'cd'.repeat(32)}`, blockNumber: '0x5' }],
    ['a list', []],
    ['without a block', { status: '0x1' }],
  ])('%s is refused', (_, value) => {
    expect(() => parseReceipt(value, hash)).toThrow(
      expect.objectContaining({ code: 'chain.malformed-answer' }),
    );
  });
});
