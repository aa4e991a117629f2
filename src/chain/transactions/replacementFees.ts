import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { type Fees, readFees } from './readFees.ts';
import { type PendingTransaction, readPool } from './readPool.ts';

/** geth, reth, erigon and besu by default: a replacement pays at least a tenth more, in both fees. In percent. */
const usualBump = 10;
/** Of what is usual now, where the pending transaction cannot be seen and only one signature is made. */
export const generousFactor = 10n;

export interface Replacement {
  /** What replaces it. */
  readonly fees: Fees;
  /** What is to be replaced. */
  readonly pending: Answer<PendingTransaction>;
}

/**
 * What one signature has to pay to replace the transaction that is pending at a nonce: a tenth more than
 * that one. Where the node does not show it, ten times what is usual now.
 * @throws TvError where no node gives a price
 */
export async function readReplacement(
  chain: Chain,
  { account, nonce }: { readonly account: Address; readonly nonce: number },
): Promise<Replacement> {
  const [current, read] = await Promise.all([readFees(chain), answer(readPool(chain, { account, nonce }))]);
  const pool = read.known ? read.value : read;
  const there = pool.known ? pool.value.find((one) => one.nonce === nonce) : undefined;
  if (there !== undefined) return { fees: replacementFees(current, feesOf(there)), pending: known(there) };
  const generous = {
    maxFeePerGas: current.maxFeePerGas * generousFactor,
    maxPriorityFeePerGas: current.maxPriorityFeePerGas * generousFactor,
  };
  return {
    fees: replacementFees(current, generous),
    pending: pool.known ? unknown('the RPC node counts it and does not show it') : pool,
  };
}

/** What a first signature pays: a tenth more than what is pending, or than what is usual where that is unknown. */
export function replacementFees(current: Fees, pending: Fees | undefined): Fees {
  return higher(current, raised(pending ?? current, usualBump));
}

export function feesOf({
  maxFeePerGas,
  maxPriorityFeePerGas,
}: Pick<PendingTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>): Fees {
  return { maxFeePerGas: BigInt(maxFeePerGas), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas) };
}

/** The percentage that the node's answer names (geth: "queued + 100% replacement penalty"), else the usual one. */
export function bumpIn(words: string | undefined): number {
  const named = Number(/(\d+(?:\.\d+)?) ?%/.exec(words ?? '')?.[1] ?? 0);
  return Math.max(usualBump, Math.ceil(named));
}

/** Both fees by so many percent, rounded up, and by one unit at least: geth also wants more than nothing. */
export function raised(fees: Fees, percent: number): Fees {
  const raise = (fee: bigint) => fee + (fee * BigInt(percent) + 99n) / 100n + 1n;
  return { maxFeePerGas: raise(fees.maxFeePerGas), maxPriorityFeePerGas: raise(fees.maxPriorityFeePerGas) };
}

/** Of each fee the greater one; the tip can never exceed the whole. */
export function higher(a: Fees, b: Fees): Fees {
  const most = (x: bigint, y: bigint) => (x > y ? x : y);
  const maxPriorityFeePerGas = most(a.maxPriorityFeePerGas, b.maxPriorityFeePerGas);
  return {
    maxFeePerGas: most(most(a.maxFeePerGas, b.maxFeePerGas), maxPriorityFeePerGas),
    maxPriorityFeePerGas,
  };
}

/** `22 gwei`: of a gas price, per 10^9 of the smallest unit. */
export function gasPrice({ maxFeePerGas }: { readonly maxFeePerGas: string | bigint }): string {
  const milli = (BigInt(maxFeePerGas) + 999_999n) / 1_000_000n;
  return `${Number(milli) / 1000} gwei`;
}
