import { onRightChain } from '../../../src/chain/assertChainId.ts';
import { readStaleHead } from '../../../src/chain/currentState.ts';
import { namedPairs } from '../../../src/chain/pairs/pair.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import { answer } from '../../../src/errors/answer.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import { outside } from '../outside.ts';
import { checkOpen } from '../payout/checkOpen.ts';
import { checkPaid } from '../payout/verify.ts';
import type { WithdrawFacts } from '../withdraw.ts';

/** What the receipt of this run proves, whether the pause is back, and what is not in the vault. */
export async function verify(ctx: StepContext, facts: WithdrawFacts): Promise<readonly Check[]> {
  const { withdrawals, recipient } = facts;
  const preflight = new Preflight(ctx);
  checkPaid(ctx, preflight, facts);
  checkOpen(ctx, preflight);
  // Information on the treasury as a whole; the payment does not depend on it.
  preflight.check('outside', 'chain', async () => {
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
    preflight.check('transaction', 'chain', async () =>
      pass(`${sent.hash} in block ${count(sent.block)}, paid ${sent.fee}`),
    );
  }
  return preflight.checks();
}
