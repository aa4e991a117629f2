import { awaitSignal, type FoundSignal } from '../../src/chain/oracle/awaitSignal.ts';
import { diagnose } from '../../src/chain/oracle/diagnose.ts';
import type { Address } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readClock } from '../../src/host/readClock.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { duration } from '../../src/runbook/text.ts';

type Cause = { readonly id: string; readonly summary: string; readonly next: readonly string[] };

/** A look at the causes takes a dozen calls: not at every look for a signal. In milliseconds. */
const betweenDiagnosesMs = 3_000;
/** What time may still mend. */
const passing: readonly string[] = ['nonce-gap', 'clock'];

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
        const lasting = (await causes(ctx, oracle, unit)).filter(({ id }) => !passing.includes(id));
        lookedAt = performance.now();
        // Twice in a row: another node may not have seen the newest block yet.
        const certain = lasting.filter(({ id }) => before.includes(id));
        before = lasting.map(({ id }) => id);
        hopeless = certain.length === 0 ? undefined : failure('No signal can come', certain);
        return hopeless;
      },
    });
  } catch (error) {
    if (!(error instanceof TvError) || error === hopeless) throw error;
    const found = await causes(ctx, oracle, unit);
    if (found.length === 0) throw error;
    throw failure(`No new signal within ${duration(limitMs)}`, found, error);
  }
}

/** What is wrong, as far as it can be told from here. */
async function causes(ctx: Context, oracle: Address, unit: string): Promise<readonly Cause[]> {
  const unlessTold = <T>(reading: Promise<T>) =>
    reading.catch((error: unknown) => {
      if (error instanceof TvError) return undefined;
      throw error;
    });
  const [state, troubles] = await Promise.all([
    unlessTold(readUnit(ctx.host(), { unit })),
    unlessTold(readClock(ctx.host()).then((hostTime) => diagnose(ctx.chain(), { oracle, hostTime }))),
  ]);
  const died = state?.activeState === 'failed' || state?.activeState === 'inactive';
  return [
    ...(died
      ? [
          {
            id: 'service',
            summary: `${unit} is ${state.activeState} (${state.result})`,
            next: [`journalctl -u ${unit} -n 50 --no-pager`],
          },
        ]
      : []),
    ...(troubles ?? []),
  ];
}

function failure(what: string, causes: readonly Cause[], cause?: TvError): TvError {
  const [first] = causes;
  return new TvError(`${what}: ${first?.summary}.`, {
    facts: {
      ...cause?.facts,
      ...Object.fromEntries(causes.slice(1).map(({ id, summary }) => [id, summary])),
    },
    next: causes.flatMap(({ next }) => next),
    ...(cause === undefined ? {} : { cause }),
  });
}
