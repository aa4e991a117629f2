import { TvError } from '../errors/TvError.ts';
import type { StepContext } from '../runbook/define.ts';
import { monotonic } from '../runbook/monotonic.ts';
import { passing } from './failover.ts';
import { rpcFailure } from './rpcFailure.ts';

/** Between two attempts, in milliseconds. The client of a node has waited for longer by itself already. */
const betweenMs = 500;

/**
 * Repeats work while it ends in passing trouble of the RPC nodes: a rate limit, a cut connection, an error of
 * the node's own, no answer in time. The client waits a few seconds for that by itself; this is for an
 * emergency, which has nothing better to do. The work has to be safe to repeat.
 * @param limitMs after so many milliseconds the last failure is thrown
 * @throws any other failure at once; the reason of `signal`
 */
export async function untilAnswered<T>(
  { clock, signal, progress }: Pick<StepContext, 'clock' | 'signal' | 'progress'>,
  work: () => Promise<T>,
  limitMs: number,
): Promise<T> {
  const start = monotonic(clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const spent = monotonic(clock) - start;
      if (!mayPass(error) || spent + betweenMs > limitMs) throw error;
      progress({
        ...{ done: Math.round(spent / 1000), total: Math.round(limitMs / 1000), unit: 'seconds' },
        note: `tried again: ${error.message}`,
      });
      await clock.sleep(betweenMs, signal);
    }
  }
}

function mayPass(error: unknown): error is TvError {
  if (!(error instanceof TvError)) return false;
  const { kind } = rpcFailure(error);
  return kind === 'timeout' || passing.includes(kind);
}
