import { setTimeout as sleep } from 'node:timers/promises';
import { log, wordsOf } from './log.ts';

/** How long a service may tidy up after SIGTERM before it leaves anyway, in milliseconds. */
const grace = 500;

/**
 * Runs a service until SIGTERM or SIGINT aborts the signal that it is handed.
 * Exits 0 then, 1 where the service fails by itself.
 */
export async function live(name: string, service: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log('INFO', `Received ${signal}, shutting down ${name}`);
      stop.abort();
      setTimeout(() => process.exit(0), grace);
    });
  }
  try {
    await service(stop.signal);
    process.exit(0);
  } catch (error) {
    if (stop.signal.aborted) process.exit(0);
    log('ERROR', `${name} failed: ${wordsOf(error)}`);
    process.exit(1);
  }
}

/** Waits; returns early, without an error, when `stop` fires. */
export async function pause(seconds: number, stop: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal: stop }).catch(() => {});
}
