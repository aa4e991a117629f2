import * as z from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { count } from '../../src/text/format.ts';
import { payoutConsequence } from './payout/consequence.ts';
import { payoutBasis } from './payout/facts.ts';
import { toAgain } from './payout/input.ts';
import { payoutSteps } from './payout/steps.ts';
import { exampleFacts, type UnwindFacts } from './unwind/facts.ts';
import { preflight, wantedPairs } from './unwind/preflight.ts';
import { verify } from './unwind/verify.ts';
import { byHand } from './unwind.byHand.ts';

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
  summary: 'Recall capital from the DEX to the vault',
  section: '7',
  order: 3,
  settings: 'vital',
  risk: 'severe',
  description: `
Cancels the orders in the strategy's list of one or more pairs and sends what the DEX held back to the
vault, paused or not. A pair that the strategy refuses to unwind is named, with the reason, and left out.

Afterwards the deployed capital is accounted for: returned, by the logs of the receipts; held by the
strategy; on the DEX; and in orders that rest there with the strategy as maker, also those that its list does
not name. The run is not verified while orders of these pairs rest, or an amount is unaccounted for.

With --withdraw all that is withdrawable of each token of these pairs goes to --to: the vault's book less what
is deployed and less the fees, as the vault itself returns it just before it is signed. One build of the
vault refuses withdrawals after an unwind; a simulation finds out, and the withdrawals then go first. As
deployed the vault refuses while the protocol is paused; then the pause is ended and begun again around it,
as in tv emergency withdraw.`,
  byHand,
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
  // Without a withdrawal it only brings back what is on the DEX: it may be repeated.
  concurrency: ({ withdraw }) =>
    withdraw
      ? protective('orders', 'capital', 'pause')
      : { ...protective('orders'), blockedBy: 'unfinished touching' },
  handout: (ctx, given) =>
    handOut(ctx, given, 'Unwind pairs', async () => {
      if (given.withdraw) {
        throw new UsageError('What --withdraw sends moves with time, so it cannot be signed elsewhere.', {
          next: [
            'the same command without --withdraw',
            {
              when: 'then, with an amount a little below what is free',
              tv: ['emergency', 'withdraw', '--calldata'],
            },
          ],
        });
      }
      return resolveIntents(
        ctx.chain(),
        wantedPairs(ctx, given).map(({ id }) => ({ intent: 'unwindPair' as const, pair: id })),
      );
    }),
  preflight,
  basis: ({ chainId, pairs, intents, stuck, sender, payout, withdrawFirst, replace }) => ({
    chainId,
    // One order that is filled meanwhile does not make an approved emergency another one.
    unwinds: pairs.map(({ orders, base }) => ({ base, orders: orders !== 0 })),
    stuck: stuck.map(({ pair }) => pair.id),
    withdrawFirst,
    calls: intents.map(({ address, data }) => ({ address, data })),
    from: sender?.from ?? null,
    replace,
    payout: payout === null ? null : payoutBasis(payout),
  }),
  consequence: ({ pairs, payout, withdrawFirst }) => {
    const names = pairs.map(({ pair }) => pairTitle(pair)).join(', ');
    const orders = pairs.every((pair) => pair.orders !== null)
      ? `${count(pairs.reduce((sum, pair) => sum + (pair.orders ?? 0), 0))} orders`
      : 'the orders';
    const unwinds = `cancels ${orders} of ${names} and brings their capital back to the vault.`;
    if (payout === null) return `This ${unwinds}`;
    if (pairs.length === 0) return `This ${payoutConsequence(payout)}`;
    return withdrawFirst
      ? `This ${payoutConsequence(payout)} Then it ${unwinds}`
      : `This ${unwinds} Then it ${payoutConsequence(payout)}`;
  },
  plan: ({ pairs, intents, sender, replace, payout, withdrawFirst }) => {
    // What is free is so without the unwinding, too: one that fails does not hold it up.
    const paying = payout === null ? [] : payoutSteps(payout);
    if (sender === null) return paying;
    const unwinding = sendSteps({
      id: 'unwind',
      title: (group) => {
        const one = pairs.find(({ pair }) => pair.id === group[0]?.args[0]);
        const what =
          group.length === 1 && one !== undefined
            ? `${pairTitle(one.pair)}${one.orders === null ? '' : `, ${count(one.orders)} orders`},`
            : `${count(group.length)} pairs in one transaction`;
        return `unwind ${what} as ${sender.from}`;
      },
      intents,
      sender,
      urgent: true,
      replace,
      afterwards: 'by the strategist only',
    });
    return withdrawFirst ? [...paying, ...unwinding] : [...unwinding, ...paying];
  },
  verify,
});
