import type { SentTransaction } from '../chain/transactions/transaction.ts';
import { step } from '../runbook/step.ts';

/**
 * A transaction that began or ended the pause. `seen`: its receipt did not show whether it succeeded, and the
 * contracts returned this state.
 */
export type PauseChange = Pick<SentTransaction, 'hash' | 'from'> &
  Partial<SentTransaction> & { readonly seen?: 'paused' | 'not paused' };

/** Of every command that pauses or unpauses the protocol: `emergency resume` finds them in the journals of others. */
export const pausing = step<PauseChange | undefined>('pause');
export const unpausing = step<PauseChange | undefined>('unpause');

/** The note of `unpausing` for the transaction of its undo. */
export const pauseAgain = 'pause-again';
