import type { SentTransaction } from '../../chain/transactions/transaction.ts';
import type { Address } from '../../config/settings.ts';
import { type StepKey, step } from '../../runbook/step.ts';
import type { PayoutFacts, Withdrawal } from './facts.ts';

/** A withdrawal of a run; `paid` in the smallest unit, by token, as the signed calls have it. */
export type Paid = SentTransaction & { readonly paid: Readonly<Record<Address, string>> };

export interface Payment {
  readonly step: StepKey<Paid>;
  readonly withdrawals: readonly Withdrawal[];
}

/** The steps that pay. On Tempo all withdrawals are one transaction, elsewhere one each. */
export function paymentsOf({
  sender,
  withdrawals,
}: Pick<PayoutFacts, 'sender' | 'withdrawals'>): readonly Payment[] {
  const groups = sender.network === 'tempo' ? [withdrawals] : withdrawals.map((one) => [one]);
  return groups.map((group, index) => ({
    step: step(index === 0 ? 'withdraw' : `withdraw-${index + 1}`),
    withdrawals: group,
  }));
}
