import { setTimeout } from 'node:timers/promises';

/** Waits `ms` milliseconds. @throws the signal's reason when that fires first: Node wraps it, callers compare it */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
