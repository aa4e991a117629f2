import type { PairSignals } from '../../../src/chain/oracle/readPairSignals.ts';
import { signalLimitMs } from '../readOracleKey.ts';

/** Whether signals come, as a second source for what is harmless while they do. */
export interface Pulse {
  /** When the newest one came, of whatever pair, by the chain's clock. */
  readonly newest: Date;
  /** None for so long that `tv oracle recover` would have given up waiting. */
  readonly late: boolean;
}

/** Undefined where no pair is known. */
export function pulseOf(
  { signals, now }: Pick<PairSignals, 'signals' | 'now'>,
  intervalSeconds: number,
): Pulse | undefined {
  if (signals.length === 0) return undefined;
  const newest = Math.max(...signals.map(({ at }) => at)) * 1000;
  return { newest: new Date(newest), late: now * 1000 - newest > signalLimitMs(intervalSeconds) };
}
