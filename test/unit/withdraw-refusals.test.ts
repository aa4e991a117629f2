import { encodeAbiParameters, getAddress, toFunctionSelector } from 'viem';
import { describe, expect, it } from 'vitest';
import withdraw from '../../runbooks/emergency/withdraw.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { contracts } from '../support/fakeProtocol.ts';
import { type NodeAnswers, strictContext } from '../support/strictServices.ts';

const token = '0x20C0000000000000000000000000000000000001';
const stranger = '0xa0Ee7A142d267C1f36714E4a8F75612F20a79720';
const other = '0xa0Ee7A142d267C1f36714E4a8F75612F20a79721';
const vault = getAddress(contracts.treasuryVault ?? '');
const zero = `0x${'0'.repeat(40)}`;
const chainId = 0x1079;
const away = new UnavailableError('chain.node-unreachable', 'The RPC node cannot be reached: ECONNREFUSED.');
const at = (address: string, signature: string) =>
  `${address}:${toFunctionSelector(`function ${signature}`)}`.toLowerCase();
const word = (value: bigint) => encodeAbiParameters([{ type: 'uint256' }], [value]);

/** What is read before the amount is compared: the node's chain and head, the token, and the pause. */
const upToTheToken: NodeAnswers = {
  methods: {
    eth_chainId: '0x1079',
    eth_blockNumber: '0x9',
    eth_getBlockByNumber: { number: '0x9', timestamp: '0x1', hash: `0x${'ab'.repeat(32)}` },
    eth_getCode: '0x6001',
    eth_getStorageAt: word(0n),
  },
  calls: {
    [at(token, 'symbol()')]: encodeAbiParameters([{ type: 'string' }], ['AlphaUSD']),
    [at(token, 'decimals()')]: word(6n),
    [at(contracts.riskController ?? '', 'paused()')]: word(0n),
    [at(contracts.treasuryVault ?? '', 'paused()')]: word(0n),
  },
};

function preflight(
  node: NodeAnswers,
  { amount = '1', to = stranger, toAgain }: { amount?: string; to?: string; toAgain?: string | undefined },
) {
  const settings = {
    chain: { id: chainId },
    withdraw: { recipients: [] },
    pairs: {},
  };
  const { ctx, ...seen } = strictContext({ settings, contracts, chainId, node, now: 2_000 });
  const input = { token, amount, to, toAgain, replace: false };
  return { result: Promise.resolve().then(() => withdraw.preflight(ctx, input as never)), ...seen };
}

describe('emergency withdraw: refused, and no plan is made', () => {
  it.each([
    ['recipient with a wrong checksum', stranger.replace('a0Ee', 'a0ee'), /checksum/],
    ['recipient without a checksum', stranger.toLowerCase(), /no checksum/],
    ['recipient without a checksum, typed twice', stranger.toLowerCase(), /no checksum/, true],
  ])('%s → exit 2 before any service is asked', async (_situation, to, words, twice = false) => {
    const { result, asked, unforeseen } = preflight({ away }, { to, toAgain: twice ? to : undefined });
    await expect(result).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(words) });
    expect([asked, unforeseen]).toEqual([[], []]);
  });

  // Nothing that the chain says can make these right; so it may be away.
  it.each([
    ['unlisted recipient, typed once', 'block', stranger, undefined, /is not on the list of/],
    ['two recipients that differ', 'block', stranger, other, /the two recipients differ/],
    [
      'unlisted recipient, typed twice alike',
      'warn',
      stranger,
      stranger,
      /not on the list; typed twice alike/,
    ],
    ['the vault itself', 'block', vault, vault, /own treasuryVault/],
    ['the zero address', 'block', zero, zero, /the zero address/],
  ] as const)('%s → recipient: %s', async (_situation, status, to, toAgain, words) => {
    const { result, unforeseen } = preflight({ away }, { to, toAgain });
    const { checks, facts } = await result;
    const recipient = checks.find(({ id }) => id === 'recipient');
    expect(recipient).toMatchObject({ status, summary: expect.stringMatching(words) });
    expect(checks.find(({ id }) => id === 'chain')?.status).toBe('block');
    expect([facts, unforeseen]).toEqual([undefined, []]);
  });

  it.each([
    ['an amount finer than the token', '1.1234567', /6 decimals/],
    ['zero', '0', /amount is zero/],
    ['zero with decimals', '0.000000', /amount is zero/],
    ['a raw number in hex', '0x5f5e100', /not an amount of AlphaUSD/],
    ['a sign', '-1', /not an amount of AlphaUSD/],
    ['an exponent', '1e3', /not an amount of AlphaUSD/],
  ])('%s → token: block, and the withdrawable amount is not read', async (_situation, amount, words) => {
    const { result, asked, unforeseen } = preflight(upToTheToken, { amount, toAgain: stranger });
    const { checks, facts } = await result;
    const status = (id: string) => checks.find((check) => check.id === id)?.status;
    const found = checks.find(({ id }) => id === 'token');
    expect(found).toMatchObject({ status: 'block', summary: expect.stringMatching(words) });
    expect([status('recipient'), status('amount'), facts]).toEqual(['warn', 'skip', undefined]);
    expect(unforeseen).toEqual([]);
    expect(asked).not.toContain('eth_sendRawTransaction');
  });
});
