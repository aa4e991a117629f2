import { onRightChain } from '../../../src/chain/assertChainId.ts';
import { readStaleHead } from '../../../src/chain/currentState.ts';
import { namedPairs } from '../../../src/chain/pairs/pair.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import { answer } from '../../../src/errors/answer.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { Lookout, pass, warn } from '../../../src/runbook/lookout.ts';
import { count } from '../../../src/runbook/text.ts';
import { outside } from '../outside.ts';
import { lookAtOpen } from '../payout/lookAtOpen.ts';
import { lookAtPaid } from '../payout/verify.ts';
import type { WithdrawFacts } from '../withdraw.ts';

/** What the receipt of this run proves, whether the pause is back, and what is not in the vault. */
export async function verify(ctx: StepContext, facts: WithdrawFacts): Promise<readonly Check[]> {
  const { withdrawals, recipient } = facts;
  const lookout = new Lookout(ctx);
  lookAtPaid(ctx, lookout, facts);
  lookAtOpen(ctx, lookout);
  // Information on the treasury as a whole; the payment does not depend on it.
  lookout.look('outside', 'chain', async () => {
    const reading = withdrawals.map(async ({ token }) => ({
      token,
      places: await readPlaces(ctx.chain(), { token: token.address, recipient }),
    }));
    const now = await answer(onRightChain(readStaleHead(ctx), Promise.all(reading)));
    return now.known
      ? outside(now.value, namedPairs(ctx.settings))
      : warn(`what is outside the vault is unknown: ${now.reason}`);
  });
  const sent = ctx.results['withdraw'] as SentTransaction | null | undefined;
  if (sent !== undefined && sent !== null) {
    lookout.look('transaction', 'chain', async () =>
      pass(`${sent.hash} in block ${count(sent.block)}, paid ${sent.fee}`),
    );
  }
  return lookout.checks();
}
