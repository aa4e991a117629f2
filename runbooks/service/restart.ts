import { preflightStart } from '../../src/operations/service/checkStart.ts';
import {
  exampleFacts,
  type ServiceFacts,
  serviceBasis,
  serviceConcurrency,
  serviceInput,
} from '../../src/operations/service/service.ts';
import { restartPlan } from '../../src/operations/service/steps.ts';
import { verifyUp } from '../../src/operations/service/verifyUp.ts';
import { stoppedMeanwhile } from '../../src/runbook/changes.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { byHand } from './restart.byHand.ts';

const meanwhile: Readonly<Record<ServiceFacts['service'], string>> = {
  api: 'The API does not answer meanwhile.',
  indexer: 'Events wait on the chain meanwhile.',
  oracle: 'No signal is sent meanwhile.',
};

/** Quick reference and runbook §10. */
export default defineRunbook<typeof serviceInput, ServiceFacts>({
  title: 'Restart a service',
  summary: 'Restart a service and prove that it works',
  section: 'Quick reference',
  order: 2,
  risk: 'moderate',
  description: `
Restarts the API, the indexer or the oracle relay, and proves progress: the API answers /health and /ready is
true; the indexer moves its cursor, or is at the head of the chain; a new signal of the relay is on the chain. A
unit that is only active proves nothing. One that does not run is started, and one that has failed is reset first.

Nothing is changed where a restart cannot help or does harm: another process, host or database session does the
same work, the protocol is paused, the RPC node or the database does not answer, a run has stopped the service.
For the relay the checks are those of tv oracle recover.`,
  byHand,
  examples: [
    { what: 'Restart the API and wait until it answers', line: 'tv service restart api' },
    { what: 'From a script, where no one can answer', line: 'tv service restart indexer --yes' },
  ],
  input: serviceInput,
  example: { facts: exampleFacts, input: { name: 'indexer' } },
  onFailure: 'stop',
  concurrency: serviceConcurrency,
  preflight: (ctx, { name }) => preflightStart(ctx, { name, verb: 'restart' }),
  basis: serviceBasis,
  changes: ({ unit, state }) => [stoppedMeanwhile(unit, state)],
  consequence: ({ unit, service, mainPid }) =>
    mainPid === 0 ? `This starts ${unit}.` : `This stops and starts ${unit}. ${meanwhile[service]}`,
  plan: restartPlan,
  verify: verifyUp,
});
