import { expect, it } from 'vitest';
import { judgeNonces } from '../../src/chain/oracle/diagnose.ts';
import { readNonce } from '../../src/chain/transactions/readNonce.ts';
import { readUnmined } from '../../src/chain/transactions/readUnmined.ts';
import type { Chain } from '../../src/runbook/context.ts';

const account = `0x${'a'.repeat(40)}` as const;
const hex = (number: number) => `0x${number.toString(16)}`;
const sent = (nonce: number) => ({
  ...{ nonce: hex(nonce), hash: `0x${String(nonce).padStart(64, '0')}`, gas: '0x1', gasPrice: '0x1' },
});

/** A chain of which each look at nonces finds the next of these, and the pool is what was there in between. */
function chainOf(
  counts: readonly { readonly latest: number; readonly pending: number }[],
  pool: readonly number[],
  { contentFrom = true }: { readonly contentFrom?: boolean } = {},
): { readonly chain: Chain; readonly asked: string[] } {
  const asked: string[] = [];
  const looks = { latest: 0, pending: 0 };
  const request = async ({ method, params }: { method: string; params: readonly string[] }) => {
    asked.push(method);
    if (method === 'eth_getTransactionCount') {
      const block = params[1] as 'latest' | 'pending';
      return hex(counts[Math.min(looks[block]++, counts.length - 1)]?.[block] ?? 0);
    }
    if (method === 'txpool_contentFrom' && contentFrom)
      return { pending: Object.fromEntries(pool.map((nonce) => [nonce, sent(nonce)])), queued: {} };
    if (method === 'eth_getTransactionBySenderAndNonce') {
      const nonce = Number(params[1]);
      // The one before is in a block by the time it is asked for.
      if (nonce === (pool[0] ?? 0) - 1) return { ...sent(nonce), blockNumber: '0x5' };
      return pool.includes(nonce) ? { ...sent(nonce), blockNumber: null } : null;
    }
    throw Object.assign(new Error('the method does not exist'), { code: -32601 });
  };
  return { chain: { client: { request }, rpcUrls: [] } as unknown as Chain, asked };
}

const trouble = ({ nonce, pool }: Awaited<ReturnType<typeof readUnmined>>) =>
  judgeNonces({
    ...{ nonce, pool: pool.known ? pool.value : undefined, now: 100, signalAt: 99, intervalSeconds: 60 },
    ...{ lastError: undefined, activity: { known: false, reason: 'not read' } },
  })?.id;

it.each([true, false])(
  'a block between nonces and pool → no gap, and nothing is stuck (txpool_contentFrom: %s)',
  async (contentFrom) => {
    const [before, after] = [
      { latest: 16, pending: 16 },
      { latest: 17, pending: 18 },
    ];
    const { chain } = chainOf([before, after], [17], { contentFrom });
    const found = await readUnmined(chain, account);
    expect(found).toMatchObject({ nonce: after, pool: { known: true, value: [{ nonce: 17 }] } });
    expect(trouble(found)).toBe('pending');
  },
);

it('all of the pool is in blocks by then → nothing waits', async () => {
  const { chain } = chainOf(
    [
      { latest: 16, pending: 16 },
      { latest: 18, pending: 18 },
    ],
    [17],
  );
  const found = await readUnmined(chain, account);
  expect(found).toMatchObject({ nonce: { latest: 18 }, pool: { known: true, value: [] } });
  expect(trouble(found)).toBeUndefined();
});

it('a nonce that stays missing → a gap, which holds up what is behind it', async () => {
  const { chain } = chainOf([{ latest: 16, pending: 16 }], [17, 18]);
  const found = await readUnmined(chain, account);
  expect(found.pool).toMatchObject({ known: true, value: [{ nonce: 17 }, { nonce: 18 }] });
  expect(trouble(found)).toBe('stuck');
});

it.each<[string, readonly number[]]>([
  ['empty', []],
  ['that begins at the next nonce', [16, 17]],
])('a pool %s → the nonces are read once', async (_, pool) => {
  const { chain, asked } = chainOf([{ latest: 16, pending: 16 }], pool);
  await readUnmined(chain, account);
  expect(asked.filter((method) => method === 'eth_getTransactionCount')).toHaveLength(2);
});

it('a block between the two counts → never fewer pending than in blocks', async () => {
  const { chain } = chainOf([{ latest: 17, pending: 16 }], []);
  expect(await readNonce(chain, account)).toEqual({ latest: 17, pending: 17 });
});
