import * as z from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { unknown } from '../../src/errors/answer.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import type { Leaves } from '../../src/runbook/events.ts';
import { count } from '../../src/text/format.ts';
import { stopSentence } from '../shared/effect.ts';
import { exampleFacts, type ShutdownFacts } from './shutdown/facts.ts';
import { preflight } from './shutdown/preflight.ts';
import { pauseSteps } from './shutdown/sendPause.ts';
import { stopSteps } from './shutdown/stopServices.ts';
import { verify } from './shutdown/verify.ts';
import { byHand } from './shutdown.byHand.ts';
import { superseded } from './supersedes.ts';

const input = {
  nginx: field('--nginx', 'stop nginx too, so that nobody gets in', z.boolean().default(false)),
  pause: field(
    '--no-pause',
    'leave the protocol as it is, stop the services only',
    z.boolean().default(true),
  ),
  replace: field(
    '--replace',
    'take the place of a transaction of this account that waits in the pool',
    z.boolean().default(false),
  ),
  ...handoutInput,
};

export interface ShutdownInput {
  readonly nginx: boolean;
  readonly pause: boolean;
  readonly replace: boolean;
}

/** Runbook §7: everything off, at once. */
export default defineRunbook<typeof input, ShutdownFacts>({
  title: 'Emergency shutdown',
  summary: 'Pause the protocol, stop all services',
  section: '7',
  order: 1,
  settings: 'vital',
  risk: 'severe',
  description: `
Pauses the protocol and stops the services, when something is badly wrong and nobody knows yet what.
The pause goes out first, and the services stop while it is being mined. Nothing that fails holds up
the rest: with the node dead, a key that lacks the role or a service that hangs, everything else is
still done, and the last screen says what is safe and what is not. While a node has passing trouble (a rate
limit, no answer in time) the pause is tried for up to a minute, once the services are told to stop.

It goes on beside unfinished runs, beside a run that is under way, and without the database.

What the pause stops is a property of the deployed contracts. tv tries it before and after (the pause and then
each action, simulated, nothing sent) and shows what is stopped, what is not and what is unknown. Orders that
rest on the DEX stay there: tv emergency unwind cancels them, as far as the strategy lists them.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: { nginx: false, pause: true, replace: false, calldata: false, safe: undefined },
  },
  onFailure: 'carry-on',
  concurrency: () => ({
    protective: true,
    touches: ['pause', 'services'],
    waitsFor: 'itself',
    blockedBy: 'none',
  }),
  // Where the protocol is left as it is, an older run may still have to pause it.
  supersedes: ({ pause }) => (pause ? superseded : []),
  handout: (ctx, given) =>
    handOut(ctx, given, 'Pause the protocol', async () => [
      await resolveIntent(ctx.chain(), { intent: 'pauseProtocol' }),
    ]),
  preflight,
  basis: ({ chainId, pause, services }) => ({
    chainId,
    pause: pause.wanted,
    call: pause.intent === null ? null : { to: pause.intent.address, data: pause.intent.data },
    from: pause.sender?.from ?? null,
    replace: pause.replace,
    stop: toStop(services).map(({ unit }) => unit),
  }),
  consequence: ({ pause, services }) => {
    const stopped = toStop(services).length;
    const stops = `${count(stopped)} ${stopped === 1 ? 'service' : 'services'}`;
    if (pause.wanted === 'no') return `This stops ${stops} and leaves the protocol as it is.`;
    if (pause.wanted === 'already') return `This stops ${stops}; the protocol is paused already.`;
    if (pause.trouble === null) {
      const effect = stopSentence('the pause', pause.stops ?? unknown('it was not tried'));
      return `This pauses the protocol and stops ${stops}. ${effect}`;
    }
    const reason = pause.trouble.replace(/\.$/, '');
    return pause.unsure
      ? `This stops ${stops} and tries to pause the protocol. Whether the pause will succeed is unknown (${reason}).`
      : `This stops ${stops}. The pause will probably NOT succeed (${reason}).`;
  },
  plan: ({ pause, services }) => {
    const { send, see } = pauseSteps(pause);
    const stopping = stopSteps(toStop(services), pause.wanted === 'send' ? unsafe : undefined);
    if (pause.wanted !== 'send') return [...stopping.stop, ...stopping.see];
    // A node that was dead a moment ago must not keep the services running while it is tried again.
    const begin = pause.trouble === null ? [send, ...stopping.stop] : [...stopping.stop, send];
    return [...begin, ...stopping.see, see];
  },
  verify,
});

/** Quiet services look as if all were well, while anybody may still use the contracts. */
const unsafe: Leaves = {
  subject: 'services',
  plural: true,
  state: 'stopped, and the protocol is NOT known to be paused',
  until: 'paused',
  // Its receipt says so; the step that reads it back comes last.
  unless: 'pause',
};

function toStop(services: ShutdownFacts['services']): ShutdownFacts['services'] {
  return services.filter(({ state }) => state === 'running' || state === 'unknown');
}
