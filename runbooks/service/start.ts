import { preflightStart } from '../../src/operations/service/checkStart.ts';
import {
  exampleFacts,
  type ServiceFacts,
  serviceBasis,
  serviceConcurrency,
  serviceInput,
} from '../../src/operations/service/service.ts';
import { startPlan } from '../../src/operations/service/steps.ts';
import { verifyUp } from '../../src/operations/service/verifyUp.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { byHand } from './start.byHand.ts';

/** Quick reference and runbook §10. */
export default defineRunbook<typeof serviceInput, ServiceFacts>({
  title: 'Start a service',
  summary: 'Start a service and prove that it works',
  section: 'Quick reference',
  order: 3,
  risk: 'moderate',
  description: `
Starts the API, the indexer or the oracle relay, with the checks and the proof of progress of tv service restart.
One that runs already is left alone, and its progress is proved.

There must never be two indexers, nor two relays with one key. The start is refused while a process outside the
unit runs the program, a database session writes the event tables, or a signal of the relay's key is newer than
the stop of its unit.`,
  byHand,
  examples: [{ what: 'Start the indexer and wait until its cursor moves', line: 'tv service start indexer' }],
  input: serviceInput,
  example: {
    facts: { ...exampleFacts, state: 'inactive', mainPid: 0 },
    input: { name: 'indexer' },
  },
  onFailure: 'stop',
  concurrency: serviceConcurrency,
  preflight: (ctx, { name }) => preflightStart(ctx, { name, verb: 'start' }),
  basis: serviceBasis,
  changes: ({ unit, state }) => [{ kind: 'unit', what: unit, course: [state, 'active'] }],
  consequence: ({ unit }) => `This starts ${unit}.`,
  plan: (facts) => (runs(facts) ? [] : startPlan(facts)),
  verify: verifyUp,
});

function runs({ state }: ServiceFacts): boolean {
  return state === 'active' || state === 'reloading';
}
