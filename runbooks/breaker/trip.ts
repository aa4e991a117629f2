import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { count } from '../../src/runbook/text.ts';
import { type BreakerFacts, exampleFacts } from './facts.ts';
import { breakerInput, exampleInput } from './input.ts';
import { basis, handout, plan } from './plan.ts';
import { preflight } from './preflight.ts';
import { verify } from './verify.ts';

/** Runbook §6: opens the breaker of a pair at once. */
export default defineRunbook<typeof breakerInput, BreakerFacts>({
  title: 'Trip circuit breaker',
  risk: 'severe',
  intent: `
Opens the circuit breaker of one or more pairs: when a peg breaks, the book runs dry, or the oracle cannot be
trusted. The vault then deploys no more capital to the pair. Orders that rest on the DEX stay there and can
still be filled, and the strategies that are deployed place new ones without checking the breaker:
tv emergency unwind cancels them.

With several pairs one transaction does it on Tempo, and one for each pair elsewhere.`,
  input: breakerInput,
  example: { facts: exampleFacts('trip'), input: exampleInput },
  onFailure: 'stop',
  // Tripping a breaker again does no harm.
  concurrency: () => ({ ...protective('breakers'), heldUpBy: 'none' }),
  handout: (ctx, input) => handout(ctx, input, 'trip'),
  preflight: (ctx, input) => preflight(ctx, input, 'trip'),
  basis,
  consequence: ({ pairs }) => {
    const [first] = pairs;
    const what =
      pairs.length === 1 && first !== undefined ? pairTitle(first) : `${count(pairs.length)} pairs`;
    return `This opens the breaker of ${what}. Orders on the DEX stay there: tv emergency unwind cancels them.`;
  },
  plan,
  verify,
});
