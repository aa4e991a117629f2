import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../../errors/TvError.ts';

export interface UntilOptions {
  readonly limitMs: number;
  /** Ends the sentence "Waited … for". */
  readonly what: string;
  readonly everyMs?: number;
  readonly next?: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks again and again until the answer is true. An error while asking counts as "not yet".
 * @throws TimeoutError past the limit, with the last error as its cause; the signal's reason when it fires
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { limitMs, what, everyMs = 20, next, signal }: UntilOptions,
): Promise<void> {
  const end = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      throw new TimeoutError('sandbox.not-started', `Waited ${limitMs / 1000} s in vain for ${what}.`, {
        facts: { error: last instanceof Error ? last.message.split('\n')[0] : undefined },
        ...(next === undefined ? {} : { next }),
        cause: last,
      });
    }
    await sleep(everyMs);
  }
}
