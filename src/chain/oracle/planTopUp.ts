import type { Network } from '../transactions/transaction.ts';

/**
 * What an oracle's account should hold: the fees of so many days, and no less than what a rotation gives a new
 * account (RUNBOOK.md, section 4: 0.1 of the native token; on Tempo, where fees are dollars, ten).
 */
const least: Readonly<Record<Network, string>> = { plain: '0.1', tempo: '10' };
/** By default nothing is topped up above ten times that: spend that was measured wrongly must not cost more. */
const mostTimes = 10n;
/** Amounts are rounded up to a hundredth of a token of this share of `least`. */
const roundTo = 10n;

export interface TopUp {
  /** The balance to reach, in the smallest unit. */
  readonly target: bigint;
  /** What is missing to reach it, rounded up; 0 where nothing is. */
  readonly amount: bigint;
  /** What the target comes from. */
  readonly by: 'spend' | 'least' | 'most';
}

/**
 * @param perSecond what the account spends, in the smallest unit; undefined where that is unknown
 */
export function planTopUp(parameters: {
  readonly network: Network;
  readonly decimals: number;
  readonly balance: bigint;
  readonly perSecond: number | undefined;
  readonly days: number;
}): TopUp {
  const { network, decimals, balance, perSecond = 0, days } = parameters;
  const low = (BigInt(Math.round(Number(least[network]) * 10)) * 10n ** BigInt(decimals)) / 10n;
  const high = low * mostTimes;
  const spent = BigInt(Math.ceil(perSecond * 86_400 * days));
  const [target, by] =
    spent > high
      ? ([high, 'most'] as const)
      : spent > low
        ? ([spent, 'spend'] as const)
        : ([low, 'least'] as const);
  const missing = target > balance ? target - balance : 0n;
  const step = low / roundTo;
  return { target, by, amount: ((missing + step - 1n) / step) * step };
}
