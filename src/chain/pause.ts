import { setTimeout as sleep } from 'node:timers/promises';

/** Waits `ms` milliseconds; throws the signal's reason when that fires first. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
