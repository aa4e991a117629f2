import type { StepContext } from '../runbook/define.ts';
import { poll } from '../runbook/poll.ts';

/** How long a replica may lag behind the node that mined a transaction. In milliseconds. */
const lagLimitMs = 10_000;
const betweenMs = 500;

/**
 * Reads until the answer is the expected one, or a lagging node has had its time. Gives the last answer.
 * @throws TvError of the read itself: a source that is away says nothing
 */
export function readUntil<T>(
  { clock, signal }: Pick<StepContext, 'clock' | 'signal'>,
  read: () => Promise<T>,
  isExpected: (value: T) => boolean,
): Promise<T> {
  return poll(clock, { everyMs: betweenMs, limitMs: lagLimitMs, signal }, read, isExpected);
}
