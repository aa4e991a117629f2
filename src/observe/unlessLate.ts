import { TvError } from '../errors/TvError.ts';
import type { Context } from '../runbook/context.ts';

/** How long the sample of another source waits for a value of the chain, in milliseconds. */
const headLimitMs = 4_000;

/** Undefined where the source fails or takes longer than the limit. @throws what is no TvError */
export function unlessLate<T>(ctx: Context, asked: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    asked.catch(unlessBug),
    ctx.clock.sleep(headLimitMs, ctx.signal).then(
      () => undefined,
      () => undefined,
    ),
  ]);
}

function unlessBug(error: unknown): undefined {
  if (!(error instanceof TvError)) throw error;
}
