import { readProtocol } from '../../../src/chain/readProtocol.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { Places } from '../../../src/chain/treasury/readPlaces.ts';
import type { Address } from '../../../src/config/settings.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, type Lookout, pass, warn } from '../../../src/runbook/lookout.ts';
import { short } from '../../../src/runbook/text.ts';
import type { PayoutFacts } from './facts.ts';

/** What the steps of a payout leave as their result. */
type Paid = SentTransaction & { readonly paid: Readonly<Record<Address, string>> };

/** How much of a token the steps have sent out, in the smallest unit. */
export function paidOut({ results }: StepContext, token: Address): bigint {
  return payments(results).reduce((sum, { paid }) => sum + BigInt(paid[token] ?? 0), 0n);
}

function payments(results: StepContext['results']): readonly Paid[] {
  return Object.entries(results)
    .filter(([step]) => /^withdraw(-\d+)?$/.test(step))
    .map(([, result]) => result as Paid);
}

/**
 * Whether all of it has come to the recipient, and the pause is back.
 * @param after of each withdrawal, in the same order
 */
export function lookAtPaid(
  ctx: StepContext,
  lookout: Lookout,
  { recipient, withdrawals, pause }: PayoutFacts,
  after: Promise<readonly Places[]>,
): void {
  for (const [index, { token, before }] of withdrawals.entries()) {
    const id = withdrawals.length === 1 ? 'recipient' : `recipient ${token.symbol}`;
    lookout.look(id, 'chain', async () => {
      const now = (await after)[index]?.recipient ?? before.recipient;
      const came = BigInt(now) - BigInt(before.recipient);
      const paid = paidOut(ctx, token.address);
      const words = `${short(recipient, false)} has ${formatAmount(came, token)} more`;
      if (paid > 0n && came === paid) return pass(words);
      // It may pay its own fees in this very token, or get something from elsewhere meanwhile.
      if (paid > 0n && came > 0n) return warn(`${words}, and ${formatAmount(paid, token)} left the vault`);
      return block(paid > 0n ? words : `${words}: nothing was withdrawn`);
    });
  }
  lookout.look('pause', 'chain', async () => {
    const { paused } = await readProtocol(ctx.chain());
    if (pause.way === 'not in the way')
      return pass(paused === true ? 'paused, as before' : 'not paused, as before');
    return paused === true
      ? pass('paused again, read back from the contract')
      : block('NOT SAFE: the protocol is not paused', { next: ['tv emergency shutdown'] });
  });
}
