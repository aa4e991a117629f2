import { z } from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { count, short } from '../../src/runbook/text.ts';
import { exampleFacts, type UnwindFacts } from './unwind/facts.ts';
import { preflight, wantedPairs } from './unwind/preflight.ts';
import { verify } from './unwind/verify.ts';

const input = {
  pair: field(
    '--pair <pair...>',
    'by name, id, or the two tokens as 0x…/0x… (repeatable)',
    z.array(z.string()).default([]),
  ),
  replace: field(
    '--replace',
    'take the place of a transaction of this account that waits in the pool',
    z.boolean().default(false),
  ),
  ...handoutInput,
};

export interface UnwindInput {
  readonly pair: readonly string[];
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
counts as deployed what came back: both are listed at the end, since neither can be withdrawn. What is
free is taken out with tv emergency withdraw.`,
  input,
  example: {
    facts: exampleFacts,
    input: { pair: ['AlphaUSD-pathUSD'], replace: false, calldata: false, safe: undefined },
  },
  onFailure: 'carry-on',
  goesPast: 'unfinished',
  handout: (ctx, given) =>
    handOut(ctx, given, 'Unwind pairs', () =>
      resolveIntents(
        ctx.chain(),
        wantedPairs(ctx, given).map(({ id }) => ({ intent: 'unwindPair' as const, pair: id })),
      ),
    ),
  preflight,
  basis: ({ chainId, intents, sender }) => ({
    chainId,
    calls: intents.map(({ address, data }) => ({ address, data })),
    from: sender?.from ?? null,
  }),
  consequence: ({ pairs }) => {
    const orders = pairs.reduce((sum, pair) => sum + pair.orders, 0);
    const names = pairs.map(({ pair }) => pairTitle(pair)).join(', ');
    return `This cancels ${count(orders)} orders of ${names} and brings their capital back to the vault.`;
  },
  plan: ({ pairs, intents, sender, replace }) => {
    if (sender === null) return [];
    return sendSteps({
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
  },
  verify,
});
