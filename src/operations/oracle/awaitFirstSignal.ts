import { awaitSignal, type FoundSignal } from '../../chain/oracle/awaitSignal.ts';
import { diagnose } from '../../chain/oracle/diagnose.ts';
import type { Address } from '../../config/settings.ts';
import { type Advice, distinctAdvice, onHost } from '../../errors/advice.ts';
import { answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { readClock } from '../../host/readClock.ts';
import { readRelayError } from '../../host/readRelayError.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import type { Step, StepContext } from '../../runbook/define.ts';
import { block, pass } from '../../runbook/preflight.ts';
import { type StepKey, step } from '../../runbook/step.ts';
import { ago, count, duration } from '../../text/format.ts';
import { readOracleKey, readRelayOf } from './readOracleKey.ts';

type Cause = { readonly id: string; readonly summary: string; readonly next: readonly Advice[] };

/** A diagnosis takes a dozen calls, so not with every read of the signals. In milliseconds. */
const betweenDiagnosesMs = 3_000;
const lastErrorId = 'last error of the relay';
/** Causes that may pass by themselves, or may date from before the start. */
const passing: readonly string[] = ['pending', 'stuck', 'clock', lastErrorId];

/**
 * Waits for the relay's first signal on the chain. Where none can come (paused, not authorised, no fees,
 * relay not running) it fails before the limit, so that a rollback starts sooner.
 * @throws TvError with the causes and the commands that resolve them
 */
export async function awaitFirstSignal(
  ctx: Context & Partial<Pick<StepContext, 'progress'>>,
  parameters: {
    readonly oracle: Address;
    readonly fromBlock: number;
    /** Milliseconds. */
    readonly limitMs: number;
    readonly unit: string;
    /** Shown while it waits. */
    readonly note?: string;
  },
): Promise<FoundSignal> {
  const { oracle, fromBlock, limitMs, unit, note } = parameters;
  let diagnosedAt = performance.now();
  let before: readonly string[] = [];
  let hopeless: TvError | undefined;
  try {
    return await awaitSignal(ctx.chain(), {
      oracle,
      fromBlock,
      limitMs,
      signal: ctx.signal,
      onLook: (seconds) =>
        ctx.progress?.({
          done: seconds,
          total: Math.round(limitMs / 1000),
          unit: 's',
          ...(note === undefined ? {} : { note }),
        }),
      giveUp: async () => {
        if (performance.now() - diagnosedAt < betweenDiagnosesMs) return undefined;
        const all = await causes(ctx, oracle, unit);
        const lasting = all.filter(({ id }) => !passing.includes(id));
        diagnosedAt = performance.now();
        // Twice in a row: another node may not have seen the newest block yet.
        const certain = lasting.filter(({ id }) => before.includes(id));
        before = lasting.map(({ id }) => id);
        const words = all.filter(({ id }) => id === lastErrorId);
        hopeless = certain.length === 0 ? undefined : failure('No signal can come', [...certain, ...words]);
        return hopeless;
      },
    });
  } catch (error) {
    if (!(error instanceof TvError) || error === hopeless) throw error;
    const found = await causes(ctx, oracle, unit);
    if (found.every(({ id }) => id === lastErrorId)) throw withWords(error, found);
    throw failure(`No new signal within ${duration(limitMs)}`, found, error);
  }
}

/** Adds the relay's last error, which may date from before the start, where no other cause is known. */
function withWords(error: TvError, words: readonly Cause[]): TvError {
  if (words.length === 0) return error;
  return new TvError(error.code, error.message, {
    facts: { ...error.facts, ...Object.fromEntries(words.map(({ id, summary }) => [id, summary])) },
    next: distinctAdvice([...words.flatMap(({ next }) => next), ...error.next]),
    exitCode: error.exitCode,
    cause: error,
  });
}

/** The known causes. A source that is unavailable adds none. */
async function causes(ctx: Context, oracle: Address, unit: string): Promise<readonly Cause[]> {
  const [state, error, env] = await Promise.all([
    answer((async () => readUnit(ctx.host(), { unit }))()),
    readRelayError(ctx),
    answer(readOracleKey(ctx)),
  ]);
  const lastError = error.known ? error.value : undefined;
  const [time, relay] = await Promise.all([
    answer((async () => readClock(ctx.host()))()),
    env.known ? answer(readRelayOf(ctx, env.value)) : env,
  ]);
  const interval = relay.known ? relay.value.intervalSeconds : relay;
  const diagnosis = await answer(
    diagnose(ctx.chain(), {
      oracle,
      hostTime: time.known ? time.value : undefined,
      feeToken: env.known ? env.value.feeToken : null,
      intervalSeconds: interval.known ? interval.value : null,
      lastError,
    }),
  );
  const died =
    state.known && (state.value.activeState === 'failed' || state.value.activeState === 'inactive');
  return [
    ...(died
      ? [
          {
            id: 'service',
            summary: `${unit} is ${describeState(state.value)}`,
            next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
          },
        ]
      : []),
    ...(diagnosis.known ? diagnosis.value.troubles : []),
    ...(lastError === undefined
      ? []
      : [
          {
            id: lastErrorId,
            summary: `${lastError.message} (${ago(lastError.at, ctx.clock.now())})`,
            next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
          },
        ]),
  ];
}

/** `failed (exit-code)`; the result only where it says more than the state. */
function describeState({ activeState, result }: { readonly activeState: string; readonly result: string }) {
  return result === activeState || result === 'success' ? activeState : `${activeState} (${result})`;
}

/** The first cause in the sentence, the others among the facts. */
function failure(what: string, causes: readonly Cause[], cause?: TvError): TvError {
  const [first] = causes;
  return new TvError('oracle.no-signal', `${what}: ${first?.summary}.`, {
    facts: {
      ...cause?.facts,
      ...Object.fromEntries(causes.slice(1).map(({ id, summary }) => [id, summary])),
    },
    next: distinctAdvice(causes.flatMap(({ next }) => next)),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The step that waits for the relay's first signal. */
const firstSignal = step<FoundSignal>('follow');

/** @param after the step whose result has the first block that counts */
export function followFirstSignal(
  { oracle, unit, limitMs }: { readonly oracle: Address; readonly unit: string; readonly limitMs: number },
  after: Pick<StepKey<{ readonly fromBlock: number }>, 'result'>,
): Step {
  return firstSignal.define({
    title: `wait for a signal of ${oracle} on the chain`,
    command: `journalctl -u ${unit} -f`,
    effect: 'final',
    interruptible: true,
    probe: async () => 'not-done',
    run: async (ctx) => {
      const fromBlock = after.result(ctx)?.fromBlock;
      if (fromBlock === undefined)
        throw new TvError('journal.damaged', 'The journal does not hold the block of the restart.');
      return awaitFirstSignal(ctx, { oracle, fromBlock, limitMs, unit });
    },
  });
}

/** The line of the verification about that signal. */
export function judgeFirstSignal(ctx: Pick<StepContext, 'results'>, oracle: Address): Finding {
  const found = firstSignal.result(ctx);
  return found === undefined
    ? block('no new signal was seen', { next: [{ tv: ['oracle', 'status'] }] })
    : pass(`${oracle} sent nonce ${found.nonce}, accepted in block ${count(found.block)}`);
}
