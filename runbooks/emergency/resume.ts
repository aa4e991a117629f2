import * as z from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { exampleFacts, isUp, type ResumeFacts } from './resume/facts.ts';
import { preflight } from './resume/preflight.ts';
import { awaitSignal, startService } from './resume/steps.ts';
import { verify } from './resume/verify.ts';
import { byHand } from './resume.byHand.ts';
import { superseded } from './supersedes.ts';

const input = {
  nginx: field('--nginx', 'start nginx too', z.boolean().default(false)),
  replace: field(
    '--replace',
    'take the place of a transaction of this account that waits in the pool',
    z.boolean().default(false),
  ),
  ...handoutInput,
};

export interface ResumeInput {
  readonly nginx: boolean;
  readonly replace: boolean;
}

/** Runbook §7, the way back: in the order in which nothing acts on what is not there yet. */
export default defineRunbook<typeof input, ResumeFacts>({
  title: 'Resume after an emergency',
  summary: 'Start the services and unpause, in order',
  section: '7',
  order: 2,
  risk: 'severe',
  description: `
Brings everything back after tv emergency shutdown, once the cause is gone: the indexer and the API
first, which only watch; then the end of the pause; then the oracle, whose signals the deployed contracts
refuse while paused. Done when a new signal of the oracle is on the chain. Contracts that check the age of the
last signal refuse to trade until then; not every build does.

The oracle's key must be authorised, the nodes and the database there, and no pause that an earlier run has
signed may still wait to be mined.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: { nginx: false, replace: false, calldata: false, safe: undefined },
  },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['pause', 'services'], blockedBy: 'itself or residual' }),
  supersedes: () => superseded,
  handout: (ctx, given) =>
    handOut(ctx, given, 'End the pause', async () => [
      await resolveIntent(ctx.chain(), { intent: 'unpauseProtocol' }),
    ]),
  preflight,
  basis: ({ chainId, unpause, services, oracle, replace }) => ({
    chainId,
    oracle,
    call: unpause === null ? null : { to: unpause.intent.address, data: unpause.intent.data },
    from: unpause?.sender.from ?? null,
    replace,
    start: services.filter(({ active }) => !active).map(({ unit }) => unit),
  }),
  consequence: ({ unpause, services }) => {
    const start = services.filter(({ active }) => !active).length;
    const starting = `starts ${start} ${start === 1 ? 'service' : 'services'}`;
    return unpause === null ? `This ${starting}.` : `This ${starting} and lets the protocol be used again.`;
  },
  plan: (facts) => {
    const { services, unpause, replace } = facts;
    const start = (...ids: readonly string[]) =>
      services.filter(({ id, active }) => ids.includes(id) && !active).map(startService);
    const unpausing =
      unpause === null
        ? []
        : sendSteps({
            id: 'unpause',
            title: () => `end the pause as ${unpause.sender.from}`,
            intents: [unpause.intent],
            sender: unpause.sender,
            urgent: true,
            replace,
            afterwards: { tv: ['emergency', 'shutdown'] },
          });
    const steps = [
      // They only watch: what happens from the end of the pause on is seen and recorded.
      ...start('indexer', 'api'),
      // Before the oracle: as deployed, its signals revert while paused, and it would pay for each.
      ...unpausing,
      ...start('oracle'),
    ];
    // The public last, when what it sees is fresh.
    const rest = [...(isUp(facts) ? [] : [awaitSignal(facts)]), ...start('nginx')];
    return [...steps, ...rest];
  },
  verify,
});
