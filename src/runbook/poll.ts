import type { Clock } from './context.ts';

/** All in milliseconds. */
export interface PollOptions {
  readonly everyMs: number;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads until there is a value, or the time is over. It reads at least once, and not again where the next
 * reading would begin past the limit.
 * @returns undefined at the limit
 * @throws what `read` throws; the reason of the signal
 */
export async function poll<T>(
  clock: Clock,
  { everyMs, limitMs, signal }: PollOptions,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const until = clock.now().getTime() + limitMs;
  for (;;) {
    const value = await read();
    if (value !== undefined || clock.now().getTime() + everyMs > until) return value;
    await clock.sleep(everyMs, signal);
  }
}
