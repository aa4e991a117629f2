import * as z from 'zod';
import { onRightChain } from '../../src/chain/assertChainId.ts';
import { readStaleHead } from '../../src/chain/currentState.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { namedPairs } from '../../src/chain/pairs/pair.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { amountPattern, parseAmount } from '../../src/chain/treasury/amount.ts';
import { checkRecipient } from '../../src/chain/treasury/checkRecipient.ts';
import { findToken } from '../../src/chain/treasury/findToken.ts';
import { readPlaces } from '../../src/chain/treasury/readPlaces.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import { answer } from '../../src/errors/answer.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { outside } from '../../src/operations/offVaultBalances.ts';
import { checkOpen } from '../../src/operations/payout/checks.ts';
import { examplePayout, payoutBasis, payoutConsequence, toAgain } from '../../src/operations/payout/facts.ts';
import { paymentsOf } from '../../src/operations/payout/payments.ts';
import { payoutSteps } from '../../src/operations/payout/steps.ts';
import { checkPaid } from '../../src/operations/payout/verify.ts';
import type { Check } from '../../src/runbook/check.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field, type StepContext } from '../../src/runbook/define.ts';
import { Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './withdraw.byHand.ts';
import { preflight, type WithdrawFacts } from './withdraw.preflight.ts';

const input = {
  token: field('--token <token>', 'its address, or the symbol of one that a named pair trades', z.string()),
  amount: field(
    '--amount <amount>',
    'in whole tokens (1234.5), never in the smallest unit; or max, all that is withdrawable',
    z
      .string()
      .refine(
        (text) => text === 'max' || amountPattern.test(text),
        'expected an amount such as 1234.5, or max',
      ),
  ),
  to: field(
    '--to <address>',
    'who gets it: on the list of withdraw.recipients, or with --to-again',
    z.string(),
  ),
  toAgain,
  replace: field('--replace', 'replace the pending transaction of this account', z.boolean().default(false)),
  ...unsignedInput,
};

const example: WithdrawFacts = { chainId: 4217, ...examplePayout() };

/** Runbook §7: capital out of the vault. */
export default defineRunbook<typeof input, WithdrawFacts, UnsignedTransactions>({
  title: 'Emergency withdrawal',
  summary: 'Send tokens out of the vault',
  section: '7',
  order: 4,
  settings: 'vital',
  risk: 'severe',
  description: `
Sends tokens out of the vault to an address that the settings list, or that was typed twice. What can be
withdrawn is the vault's book less what is deployed and less the fees; max asks the vault itself just
before it signs.

As deployed the vault refuses while the protocol is paused. Then the pause is ended and begun again around
the withdrawal: in one atomic transaction where one key may do all three (Tempo), else in three, of which
the last is sent even if the withdrawal fails.`,
  byHand,
  examples: [
    {
      what: 'All of a token that is withdrawable',
      line: 'tv emergency withdraw --token AlphaUSD --amount max --to $RECIPIENT_ADDRESS',
    },
  ],
  input,
  example: {
    facts: example,
    input: {
      token: 'AlphaUSD',
      amount: '250000',
      to: example.recipient,
      toAgain: undefined,
      replace: false,
      calldata: false,
      safe: undefined,
    },
  },
  onFailure: 'continue',
  concurrency: () => protective('capital', 'pause'),
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'Withdraw', async () => {
      const recipient = checkRecipient(ctx.settings, given.to);
      if (given.amount === 'max') {
        throw new UsageError('usage.amount-moves', 'max moves with time, so it cannot be signed elsewhere.', {
          next: ['see what is withdrawable with --dry-run, then give --amount a little below it'],
        });
      }
      const token = await findToken(ctx.chain(), ctx.settings, given.token);
      const amount = parseAmount(given.amount, token);
      const { paused, pausedBy } = await readProtocol(ctx.chain());
      const withdraw = { intent: 'withdraw' as const, token: token.address, amount, recipient };
      return resolveIntents(
        ctx.chain(),
        paused === true && pausedBy === 'riskController'
          ? [{ intent: 'unpauseProtocol' }, withdraw, { intent: 'pauseProtocol' }]
          : [withdraw],
      );
    }),
  preflight,
  basis: ({ chainId, ...payout }) => ({ chainId, payout: payoutBasis(payout) }),
  consequence: (facts) => `This ${payoutConsequence(facts)}`,
  plan: payoutSteps,
  verify,
});

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
  const sent = paymentsOf(facts)[0]?.step.result(ctx);
  if (sent !== undefined) {
    preflight.check('transaction', 'chain', async () =>
      pass(`${sent.hash} in block ${count(sent.block)}, paid ${sent.fee}`),
    );
  }
  return preflight.checks();
}
