import { awaitSignal, type FoundSignal } from '../../src/chain/oracle/awaitSignal.ts';
import { diagnose } from '../../src/chain/oracle/diagnose.ts';
import type { Address } from '../../src/config/settings.ts';
import { type Advice, distinctAdvice, onHost } from '../../src/errors/advice.ts';
import { answer } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readClock } from '../../src/host/readClock.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { Step, StepContext } from '../../src/runbook/define.ts';
import { ago, duration } from '../../src/text/format.ts';
import { readOracleKey, readRelayOf } from './readOracleKey.ts';
import { readRelayError } from './readRelayError.ts';

type Cause = { readonly id: string; readonly summary: string; readonly next: readonly Advice[] };

/** A look at the causes takes a dozen calls: not at every look for a signal. In milliseconds. */
const betweenDiagnosesMs = 3_000;
const lastErrorId = 'last error of the relay';
/** What time may still mend, and what may be of an earlier time. */
const passing: readonly string[] = ['pending', 'stuck', 'clock', lastErrorId];
/** Of the relay, where its own cannot be read. In seconds. */
const defaultIntervalSeconds = 60;

/**
 * Waits for the relay's first signal on the chain. Where none can come (paused, not authorised, no fees,
 * the relay has died) it says so without waiting to the end, so that an oracle is put back the sooner.
 * @throws TvError with what is behind it and what mends it
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
  let lookedAt = performance.now();
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
        if (performance.now() - lookedAt < betweenDiagnosesMs) return undefined;
        const all = await causes(ctx, oracle, unit);
        const lasting = all.filter(({ id }) => !passing.includes(id));
        lookedAt = performance.now();
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

/** The relay's own words, where nothing else explains its silence. They may be of an earlier time. */
function withWords(error: TvError, words: readonly Cause[]): TvError {
  if (words.length === 0) return error;
  return new TvError(error.message, {
    facts: { ...error.facts, ...Object.fromEntries(words.map(({ id, summary }) => [id, summary])) },
    next: distinctAdvice([...words.flatMap(({ next }) => next), ...error.next]),
    exitCode: error.exitCode,
    cause: error,
  });
}

/** What is wrong, as far as it can be read from here: nothing is concluded from a source that is away. */
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
  const diagnosis = await answer(
    diagnose(ctx.chain(), {
      oracle,
      hostTime: time.known ? time.value : undefined,
      feeToken: env.known ? env.value.feeToken : null,
      intervalSeconds: relay.known ? relay.value.intervalSeconds : defaultIntervalSeconds,
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
  return new TvError(`${what}: ${first?.summary}.`, {
    facts: {
      ...cause?.facts,
      ...Object.fromEntries(causes.slice(1).map(({ id, summary }) => [id, summary])),
    },
    next: distinctAdvice(causes.flatMap(({ next }) => next)),
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The step that ends a cure of the relay: it only waits for its first signal.
 * @param after the step whose result says from which block on it counts
 */
export function followFirstSignal(
  { oracle, unit, limitMs }: { readonly oracle: Address; readonly unit: string; readonly limitMs: number },
  after: string,
): Step {
  return {
    id: 'follow',
    title: `wait for a signal of ${oracle} on the chain`,
    command: `journalctl -u ${unit} -f`,
    effect: 'final',
    interruptible: true,
    probe: async () => 'not-done',
    run: async (ctx) => {
      const { fromBlock } = ctx.results[after] as { fromBlock: number };
      return awaitFirstSignal(ctx, { oracle, fromBlock, limitMs, unit });
    },
  };
}
