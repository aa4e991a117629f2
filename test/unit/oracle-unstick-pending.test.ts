import { describe, expect, it } from 'vitest';
import { judgePending, type PendingEvidence } from '../../runbooks/oracle/unstick.ts';

const oracle = `0x${'a1'.repeat(20)}` as const;
const waiting = (nonce: number): NonNullable<PendingEvidence['pool']>[number] => ({
  ...{ nonce, hash: `0x${nonce.toString(16).padStart(64, '0')}`, gas: '200000' },
  ...{ maxFeePerGas: '1000000000', maxPriorityFeePerGas: '0' },
});
const stuck = { id: 'stuck', summary: 'stuck at nonce 7' };
const evidence = (more: Partial<PendingEvidence>): PendingEvidence => ({
  ...{ oracle, nonce: { latest: 7, pending: 7 }, pool: [], trouble: undefined, lastError: undefined },
  ...more,
});

describe('which nonces of the relay to replace', () => {
  it.each([
    ['nothing waits', {}, 'block', `${oracle} is not stuck: no transaction is pending`],
    [
      'the node does not show its pool: that nothing waits is not known',
      { pool: undefined },
      'block',
      `whether ${oracle} is stuck is unknown: the RPC node counts no pending transaction, and does not show its pool`,
    ],
    [
      'only just sent',
      {
        trouble: { id: 'pending', summary: 'nonce 7 waits' },
        nonce: { latest: 7, pending: 8 },
        pool: [waiting(7)],
      },
      'block',
      'nonce 7 waits: it may be in the next block',
    ],
    [
      'stuck',
      { trouble: stuck, nonce: { latest: 7, pending: 8 }, pool: [waiting(7)] },
      'warn',
      stuck.summary,
    ],
  ] as const)('%s', (_, more, status, summary) => {
    expect(judgePending(evidence(more))).toMatchObject({ status, summary });
  });

  it.each([
    ['one waits', { latest: 7, pending: 8 }, [7], [7], [7]],
    ['three wait', { latest: 7, pending: 10 }, [7, 8, 9], [7, 8, 9], [7, 8, 9]],
    ['a gap at 7, and later ones wait behind it', { latest: 7, pending: 7 }, [8, 9], [7], []],
  ] as const)('%s', (_, nonce, pool, nonces, pending) => {
    const { value } = judgePending(evidence({ trouble: stuck, nonce, pool: pool.map(waiting) }));
    expect([value?.nonces, value?.pending.map((one) => one.nonce)]).toEqual([nonces, pending]);
  });
});
