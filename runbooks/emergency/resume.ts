import * as z from 'zod';
import { ofCurrentState } from '../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../src/chain/intents/effects.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { type SentSignal, signalFinder } from '../../src/chain/oracle/findSignal.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import { onHost } from '../../src/errors/advice.ts';
import { answer } from '../../src/errors/answer.ts';
import { TimeoutError } from '../../src/errors/TvError.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { superseded } from '../../src/operations/emergencyRuns.ts';
import { unpausing } from '../../src/operations/pauseSteps.ts';
import type { Check } from '../../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, Preflight, pass } from '../../src/runbook/preflight.ts';
import { note, step } from '../../src/runbook/step.ts';
import { count, duration } from '../../src/text/format.ts';
import { byHand } from './resume.byHand.ts';
import { exampleFacts, isUp, preflight, type ResumeFacts } from './resume.preflight.ts';

const input = {
  nginx: field('--nginx', 'start nginx too', z.boolean().default(false)),
  replace: field('--replace', 'replace the pending transaction of this account', z.boolean().default(false)),
  ...unsignedInput,
};

/** Runbook §7, the way back: in the order in which nothing acts on what is not there yet. */
export default defineRunbook<typeof input, ResumeFacts, UnsignedTransactions>({
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
  examples: [
    { what: 'What would be done', line: 'tv emergency resume --dry-run' },
    { what: 'Start the services, prove that they work, then unpause', line: 'tv emergency resume' },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: { nginx: false, replace: false, calldata: false, safe: undefined },
  },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['pause', 'services'], blockedBy: 'itself or residual' }),
  supersedes: () => superseded,
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'End the pause', async () => [
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
  changes: ({ services }) =>
    services
      .filter(({ active }) => !active)
      .map(({ unit }) => ({ kind: 'unit', what: unit, course: ['not active', 'active'] })),
  consequence: ({ unpause, services }) => {
    const start = services.filter(({ active }) => !active).length;
    const starting = `starts ${start} ${start === 1 ? 'service' : 'services'}`;
    return unpause === null ? `This ${starting}.` : `This ${starting} and lets the protocol be used again.`;
  },
  plan: (facts) => {
    const { services, unpause, replace } = facts;
    const start = (...ids: readonly string[]) =>
      services.filter(({ id, active }) => ids.includes(id) && !active).map(startService);
    const unpauseSteps =
      unpause === null
        ? []
        : sendSteps({
            id: unpausing.id,
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
      ...unpauseSteps,
      ...start('oracle'),
    ];
    // The public last, when what it sees is fresh.
    const rest = [...(isUp(facts) ? [] : [awaitSignal(facts)]), ...start('nginx')];
    return [...steps, ...rest];
  },
  verify,
});

/** Between two reads of the chain, in milliseconds. */
const lookMs = 500;
/** A relay that just came up may miss one round; on top, what it takes to start, in seconds. */
const rounds = 3;
const startSeconds = 30;

export function startService({ id, unit, active }: ResumeFacts['services'][number]): Step {
  return {
    id,
    title: `start ${unit}`,
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: `stop ${unit}`,
    probe: async (ctx) =>
      (await readUnit(ctx.host(), { unit })).activeState === 'active' ? 'done' : 'not-done',
    run: async (ctx) => {
      const { mainPid } = await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, process: mainPid };
    },
    undo: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive: active }]),
  };
}

const signalled = step<SentSignal>('signal');
/** The block after which a signal counts as new. */
const watchedFrom = note<number>('after-block');

/** A relay can be active and do nothing: what counts is a signal that the contract took. */
export function awaitSignal({ intervalSeconds, services, oracle }: ResumeFacts): Step {
  const limitMs = (rounds * intervalSeconds + startSeconds) * 1000;
  const unit = services.find(({ id }) => id === 'oracle')?.unit ?? 'tempovault-oracle';
  return signalled.define({
    title: 'await a new signal of the oracle',
    command: `journalctl -u ${unit} -f`,
    effect: 'reversible',
    afterwards: 'only looks',
    interruptible: true,
    probe: async () => 'not-done',
    run: async (ctx) => {
      // The same block after a kill: what came meanwhile counts.
      const afterBlock = await watchedFrom.once(
        ctx,
        async () => unpausing.result(ctx)?.block ?? (await readHead(ctx.chain())).number,
      );
      const find = signalFinder(ctx.chain(), { oracle, afterBlock });
      const signal = await poll(
        ctx.clock,
        { everyMs: lookMs, limitMs, signal: ctx.signal },
        () => answer(find()),
        (found) => found.known && found.value !== undefined,
      );
      if (!signal.known) {
        throw new TimeoutError(
          'oracle.signals-unreadable',
          `Whether the oracle has sent a signal is unknown: ${signal.reason}.`,
          {
            facts: { 'searched after block': afterBlock },
            next: [{ tv: ['config', 'show'] }, { when: 'check again', tv: ['resume'] }],
          },
        );
      }
      if (signal.value !== undefined) return signal.value;
      throw new TimeoutError(
        'oracle.no-signal',
        `The oracle has sent no signal within ${duration(limitMs)}.`,
        {
          facts: { 'its interval': `${intervalSeconds} s`, 'searched after block': afterBlock },
          next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`), { when: 'wait again', tv: ['resume'] }],
        },
      );
    },
  });
}

/** Reads back that everything runs and the contracts can be used. */
export async function verify(ctx: StepContext, facts: ResumeFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const readBack = async () => {
    const { paused } = await readProtocol(ctx.chain());
    if (paused === false) return pass('not paused, read back from the contract');
    if (paused === undefined) return block('paused state unknown: no contract returns it');
    const sent = unpausing.result(ctx);
    const since =
      sent && facts.unpause
        ? await changedSince(ctx.chain(), { intent: facts.unpause.intent, hash: sent.hash })
        : undefined;
    if (!sent || since === undefined)
      return block('the protocol is still paused', { next: [{ tv: ['resume'] }] });
    return block('the protocol is paused: this run unpaused it, and it was paused again since', {
      facts: sinceFacts(since, sent.hash),
      next: [{ when: 'once the cause is gone', tv: ['emergency', 'resume'] }],
    });
  };
  preflight.check('protocol', 'chain', () => ofCurrentState(ctx, readBack));
  for (const { id, unit, program } of facts.services) {
    preflight.check(id, 'host', async () => {
      const [{ activeState, mainPid }, processes] = await Promise.all([
        readUnit(ctx.host(), { unit }),
        program === null ? undefined : listProcesses(ctx.host(), { program }),
      ]);
      const others = (processes ?? []).filter((process) => process.unit !== `${unit}.service`);
      if (activeState !== 'active') {
        return block(`${unit} is ${activeState}`, {
          next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
        });
      }
      if (others[0] !== undefined) return block(`process ${others[0].pid} runs ${program} beside ${unit}`);
      return pass(`${unit} active (${mainPid})`);
    });
  }
  // Nothing has waited for one.
  if (isUp(facts)) return preflight.checks();
  preflight.check('signal', 'chain', async () => {
    const signal = signalled.result(ctx);
    if (signal === undefined) return block('no new signal was seen');
    const { block: at, from } = signal;
    const own = sameAddress(from, facts.oracle);
    const words = `accepted in block ${count(at)}, sent by ${from}`;
    return own
      ? pass(words)
      : block(`${words}, not by ${facts.oracle}: another relay is running`, {
          next: [{ tv: ['oracle', 'status'] }],
        });
  });
  return preflight.checks();
}
