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
import {
  haltsTrading,
  restingSentence,
  restsNothing,
  stopSentence,
} from '../../src/operations/stopEffects.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './trip.byHand.ts';

/** Runbook §6: opens the breaker of a pair at once. */
export default defineRunbook<typeof breakerInput, BreakerFacts, UnsignedTransactions>({
  title: 'Trip circuit breaker',
  summary: 'Open the circuit breaker of a pair at once',
  section: '6',
  order: 2,
  aliases: ['circuit-breaker trip'],
  settings: 'vital',
  risk: 'severe',
  description: `
Opens the circuit breaker of one or more pairs: when a peg breaks, the book runs dry, or the oracle cannot be
trusted. What an open breaker stops is a property of the deployed contracts. tv tries it before and after the
trip (the trip and then each action, simulated, nothing sent) and shows what is stopped, what is not and what
is unknown. Orders that rest on the DEX stay there and can still be filled: they are shown with their amount,
and tv emergency unwind cancels them, as far as the strategy lists them.

With several pairs one transaction does it on Tempo, and one for each pair elsewhere.`,
  byHand,
  examples: [
    { what: 'What would happen', line: 'tv breaker trip --pair AlphaUSD-pathUSD --dry-run' },
    { what: 'Halt trading of a pair', line: 'tv breaker trip --pair AlphaUSD-pathUSD' },
    { what: 'For a key that is elsewhere', line: 'tv breaker trip --all --calldata' },
  ],
  input: breakerInput,
  example: { facts: exampleFacts('trip'), input: exampleInput },
  onFailure: 'stop',
  // Tripping a breaker again does no harm.
  concurrency: () => ({ ...protective('breakers'), blockedBy: 'none' }),
  // What a node says of it must neither stop a trip nor have it asked again.
  preview: { blocks: false, inPlanId: false },
  printout: (ctx, input) => unsigned(ctx, input, 'trip'),
  preflight: (ctx, input) => preflight(ctx, input, 'trip'),
  basis,
  consequence: ({ pairs, effect }) => {
    const [first] = pairs;
    const what =
      pairs.length === 1 && first !== undefined ? pairTitle(first) : `${count(pairs.length)} pairs`;
    return `This opens the breaker of ${what}. ${tripSentence(pairs, effect ?? null)}`.trim();
  },
  plan,
  verify,
});

/** What the trip stops and leaves, as far as it was seen. */
function tripSentence(pairs: BreakerFacts['pairs'], effect: BreakerFacts['effect']): string {
  if (pairs.length === 0) return '';
  if (effect === null) return 'What it stops, and what rests on the DEX, is unknown.';
  const { pair, stops, resting } = effect;
  // Of several pairs one was tried.
  if (pairs.length === 1 && pair !== null && haltsTrading(stops) && restsNothing(resting)) {
    return `This halts trading of ${pairTitle(pair)} until the breaker is reset.`;
  }
  return `${stopSentence('the breaker', stops)} ${restingSentence(resting)}`;
}
