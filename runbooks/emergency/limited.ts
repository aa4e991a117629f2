import { TimeoutError } from '../../src/errors/TvError.ts';
import type { Context } from '../../src/runbook/context.ts';

/** The same context, whose checks are over after `ms` milliseconds: an emergency does not wait for a dead node. */
export function limited<C extends Context>(ctx: C, ms: number): C {
  const limit = new AbortController();
  const reason = new TimeoutError(`Cannot tell: no answer within ${ms / 1000} s.`);
  setTimeout(() => limit.abort(reason), ms).unref();
  return { ...ctx, signal: AbortSignal.any([ctx.signal, limit.signal]) };
}
