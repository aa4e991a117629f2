import type { Activity } from '../../../src/chain/oracle/readActivity.ts';
import type { PairSignals } from '../../../src/chain/oracle/readPairSignals.ts';
import type { Answer } from '../../../src/errors/answer.ts';
import { signalLimitMs } from '../readOracleKey.ts';

/** Whether signals come, as a second source for what is harmless while they do. */
export interface Pulse {
  /** When the newest one came, by the chain's clock. */
  readonly newest: Date;
  /** None for so long that `tv oracle recover` would have given up waiting. */
  readonly late: boolean;
}

/**
 * By the signals that the account itself sent, where the node serves logs; else by the newest of any
 * sender, which is no older. Undefined where neither is known.
 */
export function pulseOf(
  { signals, now }: Pick<PairSignals, 'signals' | 'now'>,
  activity: Answer<Pick<Activity, 'newest'>>,
  intervalSeconds: number,
): Pulse | undefined {
  const times = activity.known ? [activity.value.newest?.at ?? 0] : signals.map(({ at }) => at);
  if (times.length === 0) return undefined;
  const newest = Math.max(...times) * 1000;
  return { newest: new Date(newest), late: now * 1000 - newest > signalLimitMs(intervalSeconds) };
}
