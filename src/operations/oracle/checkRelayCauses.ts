import { signalLimitMs } from '../../chain/oracle/awaitSignal.ts';
import { type Diagnosis, diagnose, isLasting } from '../../chain/oracle/diagnose.ts';
import type { Address } from '../../config/settings.ts';
import { readClock } from '../../host/readClock.ts';
import { assumedIntervalSeconds } from '../../host/readRelay.ts';
import { type RelayError, readRelayError } from '../../host/readRelayError.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import { block, need, type Preflight, pass, warn } from '../../runbook/preflight.ts';
import { readOracleKey, readRelayOf } from './readOracleKey.ts';

export type RelayKey = {
  readonly oracle: Address;
  /** How long a first signal may take, in milliseconds. */
  readonly limitMs: number;
  /** Null where it is unknown. */
  readonly intervalSeconds: number | null;
  readonly feeToken: Address | null;
};

/** The relay's key in `.env`, by its address, and how often it sends. */
export function checkRelayKey(ctx: Context, preflight: Preflight): Promise<RelayKey | undefined> {
  return preflight.check('key', 'host', async () => {
    const env = await readOracleKey(ctx);
    const { address, feeToken } = env;
    const relay = await readRelayOf(ctx, env);
    const intervalSeconds = relay.intervalSeconds.known ? relay.intervalSeconds.value : null;
    const limitMs = signalLimitMs(assumedIntervalSeconds(relay));
    const value = { oracle: address, limitMs, intervalSeconds, feeToken };
    return pass(`the key in .env is ${address}`, value);
  });
}

/**
 * What a start of the relay cannot mend.
 * @returns when the newest signal of its address was made, in seconds since 1970, where that is known
 */
export function checkRelayCauses(ctx: Context, preflight: Preflight, key: Promise<RelayKey | undefined>) {
  return preflight.check<{ readonly newestAt: number | null; readonly unknown: string | null }>(
    'causes',
    'chain',
    async () => {
      const { oracle, intervalSeconds, feeToken } = await need(key, 'key');
      const [hostTime, error] = await Promise.all([readClock(ctx.host()), readRelayError(ctx)]);
      const lastError = error.known ? error.value : undefined;
      const found = await diagnose(ctx.chain(), { oracle, hostTime, intervalSeconds, feeToken, lastError });
      const { activity } = found;
      const value = {
        newestAt: activity.known ? (activity.value.newest?.at ?? null) : null,
        unknown: activity.known ? null : activity.reason,
      };
      return { ...judgeRestart(found, lastError), value };
    },
  );
}

/** A cause that a restart may resolve is a warning. One that it cannot resolve, or may make worse, blocks. */
export function judgeRestart(
  { troubles, unknown }: Pick<Diagnosis, 'troubles' | 'unknown'>,
  lastError?: RelayError | undefined,
): Finding {
  const facts = lastError === undefined ? {} : { facts: { 'last error of the relay': lastError.message } };
  const parts = [
    ...troubles.map(({ summary }) => summary),
    ...(unknown.length === 0 ? [] : [`unknown: ${unknown.map(({ summary }) => summary).join(', ')}`]),
  ];
  if (parts.length === 0) {
    return pass('authorised, can pay, not paused, no transaction waits, clocks agree');
  }
  const summary = parts.join('; ');
  const next = troubles.flatMap((trouble) => trouble.next);
  return troubles.some(isLasting)
    ? block(`a restart cannot help: ${summary}`, { next, ...facts })
    : warn(summary, { next, ...facts });
}
