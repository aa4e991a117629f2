import { signalLimitMs } from '../../chain/oracle/awaitSignal.ts';
import type { Activity } from '../../chain/oracle/readActivity.ts';
import type { PairSignals } from '../../chain/oracle/readPairSignals.ts';
import type { Answer } from '../../errors/answer.ts';

/** When the last signal came: an error in the log is harmless while signals are in time. */
export interface SignalFreshness {
  /** When the newest one came, by the chain's clock. */
  readonly newest: Date;
  /** None for so long that `tv oracle recover` would have given up waiting. */
  readonly late: boolean;
}

/**
 * By the newest signal that the account itself sent, where the blocks that were read hold one; else by the newest of
 * any sender, which is no older. Undefined where neither is known.
 */
export function readFreshness(
  { signals, now }: Pick<PairSignals, 'signals' | 'now'>,
  activity: Answer<Pick<Activity, 'newest'>>,
  intervalSeconds: number,
): SignalFreshness | undefined {
  const own = activity.known ? activity.value.newest : undefined;
  // None in the blocks that were read is no "never": the account may have sent its newest one before them.
  const times = own === undefined ? signals.map(({ at }) => at) : [own.at];
  if (times.length === 0) return undefined;
  const newest = Math.max(...times) * 1000;
  return { newest: new Date(newest), late: now * 1000 - newest > signalLimitMs(intervalSeconds) };
}
