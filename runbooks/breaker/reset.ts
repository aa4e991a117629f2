import { pairTitle } from '../../src/chain/pairs/pair.ts';
import type { UnsignedTransactions } from '../../src/chain/unsigned/unsignedTransactions.ts';
import { preflight } from '../../src/operations/breakerChecks.ts';
import {
  type BreakerFacts,
  basis,
  breakerInput,
  exampleFacts,
  exampleInput,
  plan,
  unsigned,
  verify,
} from '../../src/operations/breakers.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './reset.byHand.ts';

/** Runbook §6: closes the breaker of a pair. */
export default defineRunbook<typeof breakerInput, BreakerFacts, UnsignedTransactions>({
  title: 'Reset circuit breaker',
  summary: 'Close the circuit breaker of a pair',
  section: '6',
  order: 3,
  aliases: ['circuit-breaker reset'],
  risk: 'severe',
  description: `
Closes the circuit breaker of one or more pairs, so that what it stops is allowed again. Refused while the
contract itself gives a reason against it: a stale oracle, a price or a book out of its bounds. Each of
these can be overruled by name, with a reason that is kept in the audit log.`,
  byHand,
  examples: [{ what: 'Let a pair trade again', line: 'tv breaker reset --pair AlphaUSD-pathUSD' }],
  input: breakerInput,
  example: { facts: exampleFacts('reset'), input: exampleInput },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['breakers'] }),
  printout: (ctx, input) => unsigned(ctx, input, 'reset'),
  preflight: (ctx, input) => preflight(ctx, input, 'reset'),
  basis,
  consequence: ({ pairs }) => {
    const [first] = pairs;
    const what =
      pairs.length === 1 && first !== undefined ? pairTitle(first) : `${count(pairs.length)} pairs`;
    return `This closes the breaker of ${what}: what it stops is allowed again.`;
  },
  plan,
  verify,
});
