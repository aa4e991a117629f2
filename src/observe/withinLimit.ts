import { describeRpcError } from '../chain/describeRpcError.ts';
import type { Advice } from '../errors/advice.ts';
import { watchAttempts } from '../errors/attempts.ts';
import { TvError } from '../errors/TvError.ts';
import type { Context } from '../runbook/context.ts';

/** Something that did not end in time. */
export class LateError extends TvError {
  override readonly name = 'LateError';
}

/** In milliseconds. */
const longerMs = 10_000;

/** One more check, for what is slow and does not hang. */
export const moreTime: Advice = {
  again: ['--set', `monitor.limitMs=${longerMs}`],
  when: 'to give it more time',
};

/**
 * What some work returns. Past the limit the error says what its attempts fail with, where that is known: a rate
 * limit is waited for longer than a screen waits.
 * @param limitMs in milliseconds
 * @throws LateError past the limit
 */
export async function withinLimit<T>(
  ctx: Pick<Context, 'chain'>,
  work: () => Promise<T>,
  limitMs: number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  // The work is started before its own limit is set: see `SourceReader.read`.
  const { done, failure } = watchAttempts(work);
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // On a busy machine the answer may be here and not read yet: what has arrived is taken first.
      setImmediate(() => setImmediate(() => reject(lateError(limitMs, knownFailure(ctx, failure())))));
    }, limitMs);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lateError(limitMs: number, known: TvError | undefined): LateError {
  const sentence = `no answer within ${limitMs / 1000} s`;
  if (known === undefined) {
    return new LateError('check.timeout', sentence, { next: moreTime });
  }
  const { code, message, facts, next } = known;
  return new LateError(code, `${sentence}. ${message}`, { facts, next });
}

/** What is tried again is requests to RPC nodes. */
function knownFailure(ctx: Pick<Context, 'chain'>, failure: unknown): TvError | undefined {
  if (failure === undefined) return undefined;
  const described = failure instanceof TvError ? failure : describeRpcError(failure, ctx.chain());
  return described instanceof TvError ? described : undefined;
}
