import { describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { lookUp, proveNoEffect } from '../../src/chain/transactions/lookUp.ts';
import { probeSent, type SendContext, settleOnce } from '../../src/chain/transactions/sendOnce.ts';
import type { SignedTransaction } from '../../src/chain/transactions/transaction.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { type RpcCall, rpcServer } from '../support/rpcServer.ts';

const from = `0x${'a1'.repeat(20)}` as const;
const to = `0x${'b2'.repeat(20)}` as const;
const hash = `0x${'cd'.repeat(32)}` as const;
const taker = `0x${'77'.repeat(32)}` as const;
const [own, foreign] = [4217, 42431];

const signed: SignedTransaction = {
  ...{ hash, from, nonce: 7, nonceKey: '0', chainId: own, feeToken: null, raw: '0x02' },
  calls: [{ to, data: '0xdeadbeef' }],
};

const hex = (value: number) => `0x${value.toString(16)}`;

/** A node on which the account has sent 50 transactions, of which another one has the nonce, 900 blocks ago. */
function nodeOf(chainId: number | null) {
  return rpcServer(({ method, params }: RpcCall) => {
    switch (method) {
      case 'eth_chainId':
        return chainId === null ? null : hex(chainId);
      case 'eth_blockNumber':
        return hex(1_000);
      case 'eth_sendRawTransaction':
      case 'eth_sendRawTransactionSync':
        return hash;
      case 'eth_getTransactionCount': {
        const [, block] = params as [string, string];
        return block === 'latest' || block === 'pending' || Number(block) >= 100 ? hex(50) : hex(0);
      }
      case 'eth_getBlockByNumber': {
        const [tag] = params as [string];
        return {
          number: tag === 'latest' ? hex(1_000) : tag,
          hash,
          timestamp: hex(1_800_000_000),
          transactions: [{ hash: taker, from, nonce: hex(7), to, input: '0x', value: '0x0' }],
        };
      }
      default:
        return null;
    }
  });
}

const nothingListens = 'http://127.0.0.1:9';
const chainOver = (...rpcUrls: string[]) =>
  connectChain({
    ...{ rpcUrls, id: undefined, timeoutMs: 2_000 },
    contracts: {
      governanceRoles: undefined,
      riskController: undefined,
      treasuryVault: undefined,
      dexStrategy: undefined,
    },
  });

describe('a nonce that another transaction has taken', () => {
  it('as a node of the chain shows it → proof, whatever other chains the other URLs are on', async () => {
    await using right = await nodeOf(own);
    await using wrong = await nodeOf(foreign);
    for (const urls of [[right.url], [wrong.url, right.url], [right.url, nothingListens]]) {
      const chain = chainOver(...urls);
      const place = await lookUp(chain, signed);
      expect(place).toEqual({ at: 'nonce-used' });
      const proof = await proveNoEffect(chain, signed, place);
      expect(proof).toMatchObject({ because: 'overtaken', by: { hash: taker, block: 100 } });
    }
  });

  it.each([
    ['is on another chain', foreign],
    ['does not say its chain', null],
  ])('as a node shows it that %s, the right one away → no proof, and no look-up', async (_what, id) => {
    await using other = await nodeOf(id);
    const chain = chainOver(nothingListens, other.url);
    await expect(lookUp(chain, signed)).rejects.toThrow(/No RPC node of chain 4217 answers/);
    expect(await proveNoEffect(chain, signed, { at: 'nonce-used' })).toBeUndefined();
  });

  it('the right node away → the run keeps what it signed: exit 5, nothing noted, the probe says begun', async () => {
    await using other = await nodeOf(foreign);
    const chain = chainOver(nothingListens, other.url);
    const noted: string[] = [];
    const ctx = {
      ...{ chain: () => chain, notes: { transaction: signed }, secrets: {}, settings: {} },
      note: (name: string) => noted.push(name),
      signal: new AbortController().signal,
    } as unknown as SendContext;
    const error = await settleOnce(ctx, signed, { limitMs: 500 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TvError);
    expect(error).toMatchObject({ exitCode: 5, code: 'transaction.unknown' });
    expect(noted).toEqual([]);
    expect(await probeSent(ctx)).toBe('begun');
  });
});
