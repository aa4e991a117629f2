import { type Answer, answer, unknown } from '../errors/answer.ts';
import { TimeoutError } from '../errors/TvError.ts';

/**
 * What a read that is only information came to within a limit; whatever it informs goes ahead without it.
 * Never rejects, not for a bug in tv either: an emergency goes ahead without decoration.
 * @param limitMs milliseconds
 */
export async function informational<T>(read: Promise<T>, limitMs = 15_000): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new TimeoutError('chain.node-timeout', `No answer within ${limitMs / 1000} s.`);
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    return await answer(Promise.race([read, late]));
  } catch (error) {
    return unknown(`unexpected error in tv (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    clearTimeout(timer);
  }
}
