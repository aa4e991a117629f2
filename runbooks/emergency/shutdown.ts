import * as z from 'zod';
import { ofCurrentState } from '../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../src/chain/intents/effects.ts';
import { contractTitles } from '../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { namedPairs } from '../../src/chain/pairs/pair.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { readStops } from '../../src/chain/stops/readStops.ts';
import { readResting } from '../../src/chain/treasury/readResting.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import { onHost } from '../../src/errors/advice.ts';
import { unknown } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { endUnit } from '../../src/host/endUnit.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { stopUnits } from '../../src/host/stopUnits.ts';
import { journaledTransactions } from '../../src/journal/sentTransactions.ts';
import { superseded } from '../../src/operations/emergencyRuns.ts';
import { pausing } from '../../src/operations/pauseSteps.ts';
import { restingFinding, stopFinding, stopSentence } from '../../src/operations/stopEffects.ts';
import type { Check } from '../../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import type { JournalLine, Leaves } from '../../src/runbook/events.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { note, parallel, step } from '../../src/runbook/step.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './shutdown.byHand.ts';
import { pauseStep } from './shutdown.pause.ts';
import { exampleFacts, preflight, type Service, type ShutdownFacts } from './shutdown.preflight.ts';

const input = {
  nginx: field('--nginx', 'stop nginx too, which closes all access', z.boolean().default(false)),
  pause: field(
    '--no-pause',
    'leave the protocol as it is, stop the services only',
    z.boolean().default(true),
  ),
  replace: field('--replace', 'replace the pending transaction of this account', z.boolean().default(false)),
  ...unsignedInput,
};

/** Runbook §7: everything off, at once. */
export default defineRunbook<typeof input, ShutdownFacts, UnsignedTransactions>({
  title: 'Emergency shutdown',
  summary: 'Pause the protocol, stop all services',
  section: '7',
  order: 1,
  settings: 'vital',
  risk: 'severe',
  description: `
Pauses the protocol and stops the services, when something is badly wrong and the cause is still unknown.
The pause is sent and every service is stopped at the same time. A failure in one does not hold up
the others: with the node dead, a key that lacks the role or a service that hangs, everything else is
still done, and the last screen shows what is safe and what is not. While a node has passing trouble (a rate
limit, no answer in time) the pause is tried for up to a minute.

It runs beside unfinished runs, beside a run in progress, and without the database.

What the pause stops is a property of the deployed contracts. tv tries it before and after (the pause and then
each action, simulated, nothing sent) and shows what is stopped, what is not and what is unknown. Orders that
rest on the DEX stay there: tv emergency unwind cancels them, as far as the strategy lists them.`,
  byHand,
  examples: [
    { what: 'Pause the protocol and stop all services', line: 'tv emergency shutdown' },
    { what: 'Without a terminal', line: 'tv emergency shutdown --confirm production' },
    {
      what: 'The key is in a Safe: a batch for its transaction builder',
      line: 'tv emergency shutdown --safe pause.json',
    },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: { nginx: false, pause: true, replace: false, calldata: false, safe: undefined },
  },
  onFailure: 'continue',
  concurrency: () => ({
    protective: true,
    touches: ['pause', 'services'],
    waitsFor: 'itself',
    blockedBy: 'none',
  }),
  // What a node says of it must neither stop a shutdown nor have it asked again.
  preview: { blocks: false, inPlanId: false },
  // Where the protocol is left as it is, an older run may still have to pause it.
  supersedes: ({ pause }) => (pause ? superseded : []),
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'Pause the protocol', async () => [
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
  changes: ({ services }) =>
    services
      .filter(({ state }) => state === 'running' || state === 'unknown')
      .map(({ unit, state }) => ({ kind: 'unit', what: unit, course: [state, 'stopped'] })),
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
  // Side by side: neither a dead node nor a service that hangs holds up the rest.
  plan: ({ pause, services }) => {
    const isSent = pause.wanted === 'send';
    const stops = toStop(services).map((service) => stopService(service, isSent ? unsafe : undefined));
    return parallel(isSent ? [pauseStep(pause), ...stops] : stops);
  },
  verify,
});

/** Stopped services look safe, although the contracts may still be in use. */
const unsafe: Leaves = {
  subject: 'services',
  plural: true,
  state: 'stopped, and the protocol is NOT known to be paused',
  until: pausing.id,
};

function toStop(services: ShutdownFacts['services']): ShutdownFacts['services'] {
  return services.filter(({ state }) => state === 'running' || state === 'unknown');
}

/** Less than systemd's default stop timeout (90 s): the damage continues until the service has stopped. */
const graceMs = 10_000;

const stopping = note<string>('unit');

/** Stops one service, and kills it where it does not end in time. */
function stopService({ id, unit }: Service, leaves?: Leaves): Step {
  return step<{ readonly unit: string; readonly state: string; readonly killed: boolean }>(id).define({
    title: `stop ${unit}`,
    command: `timeout ${graceMs / 1000} systemctl stop ${unit} || systemctl kill -s KILL ${unit}`,
    effect: 'final',
    afterwards: { tv: ['emergency', 'resume'] },
    ...(leaves === undefined ? {} : { leaves }),
    probe: async (ctx) => {
      const { activeState, mainPid } = await readUnit(ctx.host(), { unit });
      return ['inactive', 'failed'].includes(activeState) && mainPid === 0 ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      stopping.write(ctx, unit);
      // Before anything is read, which may take its time on a busy host. `endUnit` reports a refusal.
      await stopUnits(ctx.host(), { units: [unit] });
      const { state, killed } = await endUnit(ctx.host(), { unit, graceMs, signal: ctx.signal });
      return { unit, state: state.activeState, killed };
    },
  });
}

/** One that does not answer is a line that says so. Milliseconds. */
const limitMs = 15_000;
/** Of what is only information, in milliseconds. */
const effectLimitMs = 3_000;

/** What is safe now and what is not: everything read back, one line each. */
export async function verify(ctx: StepContext, facts: ShutdownFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  // What spoke against the pause when the run began may be mended by the time it is resumed.
  const pause = journalOf(ctx).some(({ type }) => type === 'run.resumed')
    ? { ...facts.pause, trouble: null, unsure: false, remedies: [] }
    : facts.pause;
  const isPaused = preflight.check(
    'protocol',
    'chain',
    () =>
      ofCurrentState(
        ctx,
        () => protocol(ctx, pause),
        ({ summary, facts, next }) => block(`${stateUnknown} (${summary})`, { facts, next, unread: true }),
      ),
    limitMs,
  );
  for (const service of facts.services) {
    preflight.check(service.id, 'host', () => ended(ctx, service), limitMs);
  }
  if ((await isPaused) === true) {
    const pairs = namedPairs(ctx.settings);
    const [first = null] = pairs;
    preflight.check('effect', 'chain', async () =>
      stopFinding('the pause', {
        pair: first,
        stops: await readStops(ctx.chain(), {
          stop: 'pause',
          pair: first?.id,
          isThere: true,
          limitMs: effectLimitMs,
        }),
      }),
    );
    preflight.check('orders', 'chain', async () =>
      restingFinding(await readResting(ctx.chain(), { all: true, pairs, limitMs: effectLimitMs })),
    );
  }
  const checks = (await preflight.checks()).map((check) => {
    if (check.id !== 'protocol' || check.status !== 'block') return check;
    return pause.wanted === 'no'
      ? { ...check, status: 'warn' as const }
      : { ...check, summary: notSafe(check), next: [...(check.next ?? []), ...pause.remedies] };
  });
  // Where something is not safe, finishing this run comes first.
  return checks.some(({ status }) => status === 'block') ? checks : [...checks, staysDown];
}

/** Nothing is wrong then, but it is no state to forget about. */
const staysDown: Check = {
  ...{ id: 'after', world: 'run', status: 'warn', summary: 'it stays down until it is resumed' },
  next: [{ when: 'once the cause is gone', tv: ['emergency', 'resume'] }],
};

const notPaused = 'the protocol is not paused';
const stateUnknown = 'paused state unknown';

/** What is unknown, and why, where the reading itself ended in an error. */
export function notSafe({ summary, code }: Pick<Check, 'summary' | 'code'>): string {
  if (code === undefined) return `NOT SAFE: ${summary}`;
  const sentence = summary.replace(/\.$/, '').replace(/^The /, 'the ');
  const reason = code === 'check.timeout' ? `no answer within ${limitMs / 1000} s` : sentence;
  return `NOT SAFE: ${stateUnknown} (${reason})`;
}

async function protocol(ctx: StepContext, pause: ShutdownFacts['pause']) {
  const { paused: isPaused, pausedBy } = await readProtocol(ctx.chain());
  if (isPaused === true && pausedBy !== undefined) {
    return pass(`safe: paused, read back from ${contractTitles[pausedBy]}`, true);
  }
  if (pause.wanted === 'no') {
    return warn('not paused, as asked with --no-pause: the contracts can be used', {
      next: [{ tv: ['emergency', 'shutdown'] }],
    });
  }
  // Its step is not done where the contracts returned "not paused" after the transaction succeeded.
  const hash = journaledTransactions(journalOf(ctx)).findLast(({ step }) => step === pausing.id)?.hash;
  const since =
    isPaused === false && pause.intent !== null && hash !== undefined
      ? await changedSince(ctx.chain(), { intent: pause.intent, hash })
      : undefined;
  if (since !== undefined && hash !== undefined) {
    return block(`${notPaused}: this run paused it, and it was unpaused since`, {
      facts: sinceFacts(since, hash),
      next: [{ tv: ['emergency', 'shutdown'] }],
    });
  }
  return block(isPaused === false ? notPaused : `${stateUnknown}: no contract returns it`, {
    facts: pause.trouble === null ? {} : { reason: pause.trouble },
    // Only here, where a node has answered: it is needed for that.
    next: [{ when: 'for another signer', tv: ['emergency', 'shutdown', '--calldata'] }],
  });
}

/** None of a run without a journal: one with nothing to do, or where none could be written. */
function journalOf({ runs, runId }: StepContext): readonly JournalLine[] {
  try {
    return runs.read(runId);
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return [];
  }
}

async function ended(ctx: StepContext, { unit, program, state }: Service) {
  const [{ activeState, loadState }, left] = await Promise.all([
    readUnit(ctx.host(), { unit }),
    program === null ? [] : listProcesses(ctx.host(), { program }),
  ]);
  const [first] = left;
  if (!['inactive', 'failed'].includes(activeState)) {
    return block(`NOT SAFE: ${unit} is ${activeState}`, {
      next: [onHost(`systemctl kill -s KILL ${unit}`), onHost(`systemctl mask --now --runtime ${unit}`)],
    });
  }
  if (first !== undefined) {
    return block(`NOT SAFE: ${unit} is stopped, but process ${first.pid} still runs ${program}`, {
      facts: { command: first.command, user: first.user, unit: first.unit ?? 'none' },
      next: [onHost(`kill ${left.map(({ pid }) => pid).join(' ')}`)],
    });
  }
  if (loadState === 'not-found' || state === 'missing') return warn(`${unit} is not installed on this host`);
  return pass(`safe: ${unit} ${activeState}${program === null ? '' : ', no process left'}`);
}
