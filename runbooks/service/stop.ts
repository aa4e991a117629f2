import { checkOtherProcesses, checkUnit } from '../../src/operations/service/checkUnit.ts';
import {
  exampleFacts,
  findService,
  type ServiceFacts,
  serviceBasis,
  serviceConcurrency,
  serviceInput,
} from '../../src/operations/service/service.ts';
import { stopPlan } from '../../src/operations/service/steps.ts';
import { verifyDown } from '../../src/operations/service/verifyDown.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { Preflight } from '../../src/runbook/preflight.ts';
import { byHand } from './stop.byHand.ts';

const effects: Readonly<Record<ServiceFacts['service'], string>> = {
  api: 'Users have no API until it is started again.',
  indexer: 'Events are not recorded until it is started again; they wait on the chain.',
  oracle: 'Signals go stale until it is started again, and contracts that check their age refuse to trade.',
};

/** Quick reference and runbook §10. */
export default defineRunbook<typeof serviceInput, ServiceFacts>({
  title: 'Stop a service',
  summary: 'Stop a service and prove that it has exited',
  section: 'Quick reference',
  order: 4,
  risk: 'moderate',
  description: `
Stops the API, the indexer or the oracle relay, and proves that the unit is inactive and its main process gone. A
unit that systemd had to kill, or counts as failed, is not verified. It stays stopped until tv service start, the
next boot of a unit that is enabled, or a timer that starts it. To stop everything and pause the protocol, use
tv emergency shutdown.`,
  byHand,
  examples: [{ what: 'Stop the oracle relay and wait until it has exited', line: 'tv service stop oracle' }],
  input: serviceInput,
  example: { facts: exampleFacts, input: { name: 'indexer' } },
  onFailure: 'stop',
  concurrency: serviceConcurrency,
  preflight: async (ctx, { name }) => {
    const service = findService(ctx.settings, name);
    const preflight = new Preflight(ctx);
    const unit = checkUnit(ctx, preflight, { service, verb: 'stop' });
    checkOtherProcesses(ctx, preflight, unit, { service, verb: 'stop' });
    const checks = await preflight.checks();
    const known = await unit;
    if (known === undefined) return { checks, facts: undefined };
    const { since: _, ...facts } = known;
    return { checks, facts: { ...facts, relay: null } };
  },
  basis: serviceBasis,
  changes: ({ unit, state }) => [{ kind: 'unit', what: unit, course: [state, 'inactive'] }],
  consequence: ({ unit, service }) => `This stops ${unit}. ${effects[service]}`,
  plan: (facts) => (isDown(facts) ? [] : stopPlan(facts)),
  verify: verifyDown,
});

function isDown({ state }: ServiceFacts): boolean {
  return state === 'inactive' || state === 'failed';
}
