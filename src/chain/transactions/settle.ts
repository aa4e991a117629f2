import { TimeoutError, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { duration } from '../../runbook/text.ts';
import { decodeRevert } from '../decodeRevert.ts';
import { pause } from '../pause.ts';
import { broadcast } from './broadcast.ts';
import { lookUp, type Receipt } from './lookUp.ts';
import { feeOf, formatFunds, readFeeUnit } from './readFunds.ts';
import { readNonce } from './readNonce.ts';
import { simulate } from './simulate.ts';
import type { SentTransaction, SignedTransaction } from './transaction.ts';

export interface SettleParameters {
  readonly transaction: SignedTransaction;
  readonly signal?: AbortSignal;
  /** Milliseconds; default two minutes. */
  readonly limitMs?: number;
}

export type Settled =
  | { readonly outcome: 'sent'; readonly sent: SentTransaction }
  | { readonly outcome: 'reverted' | 'overtaken' | 'waiting'; readonly error: TvError };

const defaultLimitMs = 120_000;
const betweenLooksMs = 400;
const longestBetweenLooksMs = 3_000;

/**
 * Waits until a signed transaction is in a block. Where the node does not know it (any more), the
 * same bytes are handed over again.
 * @throws TvError where no node answers within the limit
 */
export async function settle(chain: Chain, parameters: SettleParameters): Promise<Settled> {
  const { transaction, signal, limitMs = defaultLimitMs } = parameters;
  const start = performance.now();
  // Rides along with the first look.
  const unit = readFeeUnit(chain, transaction.feeToken);
  unit.catch(() => {});
  for (let look = 0; ; look++) {
    signal?.throwIfAborted();
    const late = performance.now() - start > limitMs;
    try {
      const place = await lookUp(chain, transaction);
      if (place.at === 'block') return await inBlock(chain, transaction, place.receipt, unit);
      if (place.at === 'overtaken') return { outcome: 'overtaken', error: overtaken(transaction) };
      if (late) return { outcome: 'waiting', error: await waiting(chain, transaction, place.at, limitMs) };
      if (place.at === 'nowhere') {
        const told = await broadcast(chain, transaction);
        if (told.outcome === 'rejected')
          return { outcome: 'waiting', error: rejected(told.reason, transaction) };
        // It just was taken: no need to wait before looking.
        if (told.outcome === 'accepted' && look === 0) continue;
      }
    } catch (error) {
      // The node may come back; until then nobody knows where the transaction is.
      if (late || !(error instanceof TvError)) throw error;
    }
    await pause(Math.min(longestBetweenLooksMs, betweenLooksMs * 1.3 ** look), signal);
  }
}

async function inBlock(
  chain: Chain,
  transaction: SignedTransaction,
  receipt: Receipt,
  feeUnit: ReturnType<typeof readFeeUnit>,
): Promise<Settled> {
  const { hash, from, feeToken, calls } = transaction;
  const { block, gasUsed, gasPrice } = receipt;
  if (!receipt.success) {
    const replay = await simulate(chain, { from, calls, block: block - 1 });
    const why = replay.ok ? await latestReason(chain, transaction) : replay.revert;
    return {
      outcome: 'reverted',
      error: new TvError(`The transaction is in block ${block}, but reverted: ${why.sentence}.`, {
        facts: { transaction: hash, from, ...why.facts },
      }),
    };
  }
  // The node may have been away at first.
  const unit = await feeUnit.catch(() => readFeeUnit(chain, feeToken));
  const fee = formatFunds(feeOf(unit.network, gasUsed, gasPrice), unit);
  return { outcome: 'sent', sent: { hash, from, block, gasUsed: gasUsed.toString(), fee } };
}

/** What made it revert may have come in the same block, just before it. */
async function latestReason(chain: Chain, { from, calls }: SignedTransaction) {
  const now = await simulate(chain, { from, calls });
  return now.ok ? { ...(await decodeRevert(chain, '0x')) } : now.revert;
}

function overtaken({ hash, from, nonce }: SignedTransaction): TvError {
  return new TvError(
    'Another transaction of this account took the nonce; the one of this run can no longer be mined.',
    {
      facts: { transaction: hash, from, nonce },
      next: ['find out who else uses this key, then: tv runs undo', 'run the command anew'],
    },
  );
}

async function waiting(
  chain: Chain,
  { hash, from, nonce, nonceKey }: SignedTransaction,
  at: 'pool' | 'nowhere',
  limitMs: number,
): Promise<TvError> {
  const nonces = await readNonce(chain, from);
  const ahead = nonceKey === '0' ? nonce - nonces.latest : 0;
  const why =
    at === 'nowhere'
      ? 'the node takes it and does not keep it'
      : ahead > 0
        ? `${ahead} earlier transactions of this account are not in a block yet`
        : 'it waits in the pool; its fee may be too low by now';
  return new TimeoutError(`The transaction is not in a block after ${duration(limitMs)}.`, {
    facts: { transaction: hash, from, nonce, reason: why },
    next: ['send the same transaction again, never a second one: tv resume'],
  });
}

export function rejected(reason: string, { hash, from, nonce }: SignedTransaction): TvError {
  return new TvError('The node refuses the transaction.', {
    facts: { reason, transaction: hash, from, nonce },
    next: /fund|balance/i.test(reason)
      ? [`send ${from} something to pay fees with, then: tv resume`]
      : ['hand over the same transaction again: tv resume'],
  });
}
