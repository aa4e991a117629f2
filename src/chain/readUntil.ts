import type { StepContext } from '../runbook/define.ts';

/** How long a replica may lag behind the node that mined a transaction. In milliseconds. */
const lagLimitMs = 10_000;
const betweenMs = 500;

/**
 * Reads until the answer is the expected one, or a lagging node has had its time. Gives the last answer.
 * @throws TvError of the read itself: a source that is away says nothing
 */
export async function readUntil<T>(
  { clock, signal }: Pick<StepContext, 'clock' | 'signal'>,
  read: () => Promise<T>,
  isExpected: (value: T) => boolean,
): Promise<T> {
  const start = clock.now().getTime();
  for (;;) {
    const value = await read();
    if (isExpected(value) || clock.now().getTime() - start > lagLimitMs) return value;
    await clock.sleep(betweenMs, signal);
  }
}
