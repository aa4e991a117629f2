import { type Answer, answer } from '../errors/answer.ts';
import { TimeoutError } from '../errors/TvError.ts';

/**
 * What a read that is only information came to within a limit; whatever it informs goes ahead without it.
 * Never rejects, except for bugs.
 * @param limitMs milliseconds
 */
export async function informational<T>(read: Promise<T>, limitMs = 15_000): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new TimeoutError(`No answer within ${limitMs / 1000} s.`);
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    return await answer(Promise.race([read, late]));
  } finally {
    clearTimeout(timer);
  }
}
