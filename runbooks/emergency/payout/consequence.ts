import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { PayoutFacts } from './facts.ts';

/** What goes where, for good, and what stands open meanwhile. */
export function payoutConsequence({ withdrawals, recipient, max, pause }: PayoutFacts): string {
  const what = max
    ? `all ${withdrawals.map(({ token }) => token.symbol).join(' and ')} that is free`
    : withdrawals.map(({ amount, token }) => formatAmount(BigInt(amount), token)).join(' and ');
  const open =
    pause.way === 'steps'
      ? ' The protocol is open between the end of the pause and its new beginning: a few seconds, or until tv resume if tv dies in between.'
      : '';
  return `sends ${what} to ${recipient}, for good.${open}`;
}
