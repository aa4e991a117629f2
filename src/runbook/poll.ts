import type { Clock } from './context.ts';
import { monotonic } from './monotonic.ts';

/** All in milliseconds. */
export interface PollOptions {
  readonly everyMs: number;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads until the value is the expected one, or the time is over.
 * @returns the last value, expected or not
 * @throws what `read` throws; the reason of the signal
 */
export async function poll<T>(
  clock: Clock,
  { everyMs, limitMs, signal }: PollOptions,
  read: () => Promise<T>,
  isExpected: (value: T) => boolean,
): Promise<T> {
  const until = monotonic(clock) + limitMs;
  for (;;) {
    const value = await read();
    if (isExpected(value) || monotonic(clock) > until) return value;
    await clock.sleep(everyMs, signal);
  }
}
