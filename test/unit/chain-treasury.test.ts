import { type Abi, encodeErrorResult, toFunctionSelector } from 'viem';
import { Abis } from 'viem/tempo';
import { describe, expect, it } from 'vitest';
import { decodeRevert } from '../../src/chain/decodeRevert.ts';
import { accountFor, describeAccount } from '../../src/operations/capital.ts';
import type { Chain } from '../../src/runbook/context.ts';

/** Without their literal types, which take the compiler minutes. */
const errors = Abis.coreErrors as unknown as readonly {
  readonly name: string;
  readonly inputs: readonly { readonly type: string }[];
}[];

/** Nothing is asked of it here. */
const chain = { contracts: {} } as unknown as Chain;

describe('a revert that bubbles up from a predeploy', () => {
  it('an order that is gone → said in words, with the name of the error', async () => {
    const data = encodeErrorResult({ abi: errors as unknown as Abi, errorName: 'OrderDoesNotExist' });
    expect(await decodeRevert(chain, data)).toEqual({
      sentence: 'an order no longer exists on the DEX (OrderDoesNotExist)',
      facts: { error: 'OrderDoesNotExist()' },
    });
  });

  it("every error of every predeploy → named, also those that share a name with one of the protocol's", async () => {
    for (const { name, inputs } of errors) {
      const types = inputs.map(({ type }) => type);
      const zero = (type: string) =>
        type === 'string'
          ? ''
          : /^bytes/.test(type)
            ? `0x${'00'.repeat(Number(type.slice(5)))}`
            : type === 'address'
              ? `0x${'00'.repeat(20)}`
              : 0;
      const data = encodeErrorResult({
        abi: errors as unknown as Abi,
        errorName: name,
        args: types.map(zero),
      });
      // viem encodes the first of that name.
      const selector = toFunctionSelector(`function ${name}(${types.join(',')})`);
      if (data.slice(0, 10) !== selector) continue;
      const { sentence, facts } = await decodeRevert(chain, data);
      expect(sentence, name).not.toMatch(/unknown error/);
      expect(facts['error'] ?? sentence, name).toContain(name);
    }
  });

  it('bytes of no known error → unknown, and quoted', async () => {
    expect(await decodeRevert(chain, '0xdeadbeef')).toEqual({
      sentence: 'it reverted with an unknown error',
      facts: { data: '0xdeadbeef' },
    });
  });
});

describe('the account of deployed capital', () => {
  const token = { address: `0x${'a1'.repeat(20)}`, symbol: 'AlphaUSD', decimals: 0 } as const;
  const before = {
    vault: '600',
    strategy: '0',
    dex: '0',
    recipient: '0',
    book: '1000',
    deployed: '400',
    fees: '0',
  };
  it.each([
    ['all back', {}, { strategy: '0', dex: '0' }, 400n, 0n, '400 deployed = 400 returned', 0n],
    [
      'in every place',
      {},
      { strategy: '100', dex: '50' },
      200n,
      50n,
      '400 deployed = 200 returned + 100 in the strategy + 50 on the DEX + 50 in resting orders',
      0n,
    ],
    [
      'something is missing',
      {},
      { strategy: '100', dex: '0' },
      240n,
      0n,
      '400 deployed = 240 returned + 100 in the strategy + 60 UNACCOUNTED FOR',
      60n,
    ],
    [
      'a profit',
      {},
      { strategy: '0', dex: '0' },
      410n,
      0n,
      '400 deployed = 410 returned, 10 more than was deployed',
      -10n,
    ],
    [
      'returned earlier without a word to the book',
      { vault: '900' },
      { strategy: '100', dex: '0' },
      0n,
      0n,
      '400 deployed = 300 in the vault beyond its book + 100 in the strategy',
      0n,
    ],
    [
      'fees are in the vault and off its book',
      { vault: '605', fees: '5' },
      { strategy: '400', dex: '0' },
      0n,
      0n,
      '400 deployed = 400 in the strategy',
      0n,
    ],
    [
      'more in the vault than was ever deployed → no more than that counts',
      { vault: '5000' },
      { strategy: '0', dex: '0' },
      0n,
      0n,
      '400 deployed = 400 in the vault beyond its book',
      0n,
    ],
    [
      'a book that exceeds the holdings → not taken for a return',
      { vault: '300' },
      { strategy: '400', dex: '0' },
      0n,
      0n,
      '400 deployed = 400 in the strategy',
      0n,
    ],
  ] as const)('%s', (_, changes, now, returned, resting, words, unaccounted) => {
    const account = accountFor({ before: { ...before, ...changes }, now, returned, resting });
    expect(describeAccount(account, token)).toBe(words);
    expect(account.unaccounted).toBe(unaccounted);
  });
});
