import { z } from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { count, short } from '../../src/runbook/text.ts';
import { payoutConsequence } from './payout/consequence.ts';
import { toAgain } from './payout/input.ts';
import { payoutSteps } from './payout/steps.ts';
import { exampleFacts, type UnwindFacts } from './unwind/facts.ts';
import { preflight, wantedPairs } from './unwind/preflight.ts';
import { verify } from './unwind/verify.ts';

const input = {
  pair: field(
    '--pair <pair...>',
    'by name, id, or the two tokens as 0x…/0x… (repeatable)',
    z.array(z.string()).default([]),
  ),
  withdraw: field(
    '--withdraw',
    'then withdraw all that is free of the tokens of these pairs',
    z.boolean().default(false),
  ),
  to: field(
    '--to <address>',
    'with --withdraw: who gets it, on the list of withdraw.recipients, or with --to-again',
    z.string().optional(),
  ),
  toAgain,
  replace: field(
    '--replace',
    'take the place of a transaction of this account that waits in the pool',
    z.boolean().default(false),
  ),
  ...handoutInput,
};

export interface UnwindInput {
  readonly pair: readonly string[];
  readonly withdraw: boolean;
  readonly to?: string | undefined;
  readonly toAgain?: string | undefined;
  readonly replace: boolean;
}

/** Runbook §7: the strategy's capital back from the DEX. */
export default defineRunbook<typeof input, UnwindFacts>({
  title: 'Emergency unwind',
  risk: 'severe',
  intent: `
Cancels all orders of one or more pairs and sends what the DEX held back to the vault, paused or not. A
pair without active orders is told and left out where the contract would refuse it.

Capital that sat in the strategy and was never put on the DEX stays there, and the vault's book still
counts as deployed what came back: both are listed at the end, since neither can be withdrawn.

With --withdraw all that is free of each token of these pairs then goes to --to: the vault's book less what
is deployed and less the fees, as the vault itself tells just before it is signed. As deployed the vault
refuses while the protocol is paused; then the pause is ended and begun again around it, as in
tv emergency withdraw.`,
  input,
  example: {
    facts: exampleFacts,
    input: {
      pair: ['AlphaUSD-pathUSD'],
      withdraw: true,
      to: exampleFacts.payout?.recipient,
      toAgain: undefined,
      replace: false,
      calldata: false,
      safe: undefined,
    },
  },
  onFailure: 'carry-on',
  concurrency: ({ withdraw }) => (withdraw ? protective('orders', 'capital', 'pause') : protective('orders')),
  handout: (ctx, given) =>
    handOut(ctx, given, 'Unwind pairs', async () => {
      if (given.withdraw) {
        throw new UsageError('What --withdraw sends moves with time, so it cannot be signed elsewhere.', {
          next: [
            'the same command without --withdraw',
            'then, with an amount a little below what is free: tv emergency withdraw --calldata',
          ],
        });
      }
      return resolveIntents(
        ctx.chain(),
        wantedPairs(ctx, given).map(({ id }) => ({ intent: 'unwindPair' as const, pair: id })),
      );
    }),
  preflight,
  basis: ({ chainId, intents, sender, payout }) => ({
    chainId,
    calls: intents.map(({ address, data }) => ({ address, data })),
    from: sender?.from ?? null,
    payout:
      payout === null
        ? null
        : {
            tokens: payout.withdrawals.map(({ token }) => token.address),
            recipient: payout.recipient,
            from: payout.sender.from,
            pause: payout.pause.way,
          },
  }),
  consequence: ({ pairs, payout }) => {
    const orders = pairs.reduce((sum, pair) => sum + pair.orders, 0);
    const names = pairs.map(({ pair }) => pairTitle(pair)).join(', ');
    const unwinds = `cancels ${count(orders)} orders of ${names} and brings their capital back to the vault.`;
    if (payout === null) return `This ${unwinds}`;
    if (pairs.length === 0) return `This ${payoutConsequence(payout)}`;
    return `This ${unwinds} Then it ${payoutConsequence(payout)}`;
  },
  plan: ({ pairs, intents, sender, replace, payout }) => {
    // What is free is so without the unwinding, too: one that fails does not hold it up.
    const paying = payout === null ? [] : payoutSteps(payout);
    if (sender === null) return paying;
    const unwinding = sendSteps({
      id: 'unwind',
      title: (group) => {
        const one = pairs.find(({ pair }) => pair.id === group[0]?.args[0]);
        const what =
          group.length === 1 && one !== undefined
            ? `${pairTitle(one.pair)}, ${count(one.orders)} orders,`
            : `${count(group.length)} pairs in one transaction`;
        return `unwind ${what} as ${short(sender.from, false)}`;
      },
      intents,
      sender,
      urgent: true,
      replace,
      undoTitle: 'by the strategist only',
    });
    return [...unwinding, ...paying];
  },
  verify,
});
