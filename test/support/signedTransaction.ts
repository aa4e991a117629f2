import type { SignedTransaction } from '../../src/chain/transactions/transaction.ts';

/** A signed transaction as a journal has it, of no key: the digit makes its hash and its bytes. */
export function fakeSigned(digit = 'a', change: Partial<SignedTransaction> = {}): SignedTransaction {
  return {
    hash: `0x${digit.repeat(64)}`,
    from: `0x${'5'.repeat(40)}`,
    nonce: 7,
    nonceKey: '0',
    chainId: 4217,
    calls: [{ to: `0x${'7'.repeat(40)}`, data: '0x12345678' }],
    feeToken: null,
    raw: `0x76${digit.repeat(220)}`,
    ...change,
  };
}
