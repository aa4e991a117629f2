import { ofCurrentState } from '../../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../../src/chain/intents/effects.ts';
import { contractTitles } from '../../../src/chain/intents/intent.ts';
import { namedPairs } from '../../../src/chain/pairs/pair.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { readStops } from '../../../src/chain/stops/readStops.ts';
import type { SignedTransaction } from '../../../src/chain/transactions/transaction.ts';
import { readResting } from '../../../src/chain/treasury/readResting.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { restingFinding, stopFinding } from '../../shared/effect.ts';
import type { Service, ShutdownFacts } from './facts.ts';

/** One that does not answer is a line that says so. Milliseconds. */
const limitMs = 15_000;
/** Of what is only information, in milliseconds. */
const effectLimitMs = 3_000;

/** What is safe now and what is not: everything read back, one line each. */
export async function verify(ctx: StepContext, facts: ShutdownFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  // What spoke against the pause when the run began may be mended by the time it is resumed.
  const pause = wasResumed(ctx)
    ? { ...facts.pause, trouble: null, unsure: false, remedies: [] }
    : facts.pause;
  const paused = preflight.check(
    'protocol',
    'chain',
    () => ofCurrentState(ctx, () => protocol(ctx, pause)),
    limitMs,
  );
  for (const service of facts.services) {
    preflight.check(service.id, 'host', () => ended(ctx, service), limitMs);
  }
  if ((await paused) === true) {
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
  ...{ id: 'after', world: 'run', status: 'warn', summary: 'it stays down until somebody brings it back' },
  next: [{ when: 'once the cause is gone', tv: ['emergency', 'resume'] }],
};

const notPaused = 'the protocol is not paused';
const stateUnknown = 'paused state unknown';

/** What is unknown, and why, where the reading itself ended in an error. */
export function notSafe({ summary }: Pick<Check, 'summary'>): string {
  const isReading = summary.startsWith(notPaused) || summary.startsWith(stateUnknown);
  const reason = summary.replace(/^(current state unknown|Cannot tell): /, '').replace(/\.$/, '');
  return `NOT SAFE: ${isReading ? summary : `${stateUnknown} (${reason.replace(/^The /, 'the ')})`}`;
}

async function protocol(ctx: StepContext, pause: ShutdownFacts['pause']) {
  const { paused, pausedBy } = await readProtocol(ctx.chain());
  if (paused === true && pausedBy !== undefined) {
    return pass(`safe: paused, read back from ${contractTitles[pausedBy]}`, true);
  }
  if (pause.wanted === 'no') {
    return warn('not paused, as asked with --no-pause: the contracts can be used', {
      next: [{ tv: ['emergency', 'shutdown'] }],
    });
  }
  const signed = ctx.results['pause'] as Pick<SignedTransaction, 'hash'> | null | undefined;
  const since =
    paused === false && pause.intent !== null && signed?.hash !== undefined
      ? await changedSince(ctx.chain(), { intent: pause.intent, hash: signed.hash })
      : undefined;
  if (since !== undefined && signed?.hash !== undefined) {
    return block(`${notPaused}: this run paused it, and it was unpaused since`, {
      facts: sinceFacts(since, signed.hash),
      next: [{ tv: ['emergency', 'shutdown'] }],
    });
  }
  return block(paused === false ? notPaused : `${stateUnknown}: no contract returns it`, {
    facts: pause.trouble === null ? {} : { reason: pause.trouble },
    // Only here, where a node has answered: it is needed for that.
    next: [{ when: 'for another signer', tv: ['emergency', 'shutdown', '--calldata'] }],
  });
}

/** A run that has no journal was not resumed: one with nothing to do, or where none could be written. */
function wasResumed({ runs, runId }: StepContext): boolean {
  try {
    return runs.read(runId).some(({ type }) => type === 'run.resumed');
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return false;
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
    return block(`NOT SAFE: ${unit} has ended, but process ${first.pid} still runs ${program}`, {
      facts: { command: first.command, user: first.user, unit: first.unit ?? 'none' },
      next: [onHost(`kill ${left.map(({ pid }) => pid).join(' ')}`)],
    });
  }
  if (loadState === 'not-found' || state === 'missing') return warn(`${unit} is not installed on this host`);
  return pass(`safe: ${unit} ${activeState}${program === null ? '' : ', no process left'}`);
}
