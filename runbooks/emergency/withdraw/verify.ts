import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Lookout, pass } from '../../../src/runbook/lookout.ts';
import { count, short } from '../../../src/runbook/text.ts';
import { outside } from '../outside.ts';
import { lookAtOpen } from '../payout/lookAtOpen.ts';
import { lookAtPaid, paidOut } from '../payout/verify.ts';
import type { WithdrawFacts } from '../withdraw.ts';

/** Balances of all four places, before and after, and whether the pause is back. */
export async function verify(ctx: StepContext, facts: WithdrawFacts): Promise<readonly Check[]> {
  const { withdrawals, recipient } = facts;
  const lookout = new Lookout(ctx);
  const after = Promise.all(
    withdrawals.map(({ token }) => readPlaces(ctx.chain(), { token: token.address, recipient })),
  );
  // Each look below tells its failure.
  after.catch(() => {});
  for (const [index, { token, before }] of withdrawals.entries()) {
    lookout.look('vault', 'chain', async () => {
      const now = (await after)[index]?.vault ?? before.vault;
      const left = BigInt(before.vault) - BigInt(now);
      const paid = paidOut(ctx, token.address);
      const shown = (value: bigint) => formatAmount(value, token);
      const words = `${shown(BigInt(before.vault))} → ${shown(BigInt(now))}`;
      return paid > 0n && left === paid
        ? pass(`${words}: ${shown(left)} went out`)
        : block(`${words}: not the ${shown(paid)} that were to go`);
    });
  }
  lookAtPaid(ctx, lookout, facts, after);
  lookAtOpen(ctx, lookout);
  lookout.look('outside', 'chain', async () => {
    const places = await after;
    return outside(
      withdrawals.map(({ token, before }, index) => ({ token, places: places[index] ?? before })),
    );
  });
  const sent = ctx.results['withdraw'] as SentTransaction | undefined;
  if (sent !== undefined) {
    lookout.look('transaction', 'chain', async () =>
      pass(`${short(sent.hash, false)} in block ${count(sent.block)}, paid ${sent.fee}`),
    );
  }
  return lookout.checks();
}
