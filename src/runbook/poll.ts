import type { Clock } from './context.ts';

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
  const until = clock.now().getTime() + limitMs;
  for (;;) {
    const value = await read();
    if (isExpected(value) || clock.now().getTime() > until) return value;
    await clock.sleep(everyMs, signal);
  }
}
