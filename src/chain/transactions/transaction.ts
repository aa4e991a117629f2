import type { Address } from '../../config/settings.ts';
import type { StepContext } from '../../runbook/define.ts';
import { everyResult } from '../../runbook/step.ts';

/** Tempo has no native token and pays fees in a TIP-20; every other chain is plain. */
export type Network = 'tempo' | 'plain';

/** One call of a transaction. */
export type Call = {
  readonly to: Address;
  readonly data: `0x${string}`;
  /** Native token in its smallest unit, in hex. Never on Tempo, which refuses it. */
  readonly value?: `0x${string}`;
};

/** A transaction as it went to the journal before it was sent. Holds no secret. */
export type SignedTransaction = {
  readonly hash: `0x${string}`;
  readonly from: Address;
  readonly nonce: number;
  /** Tempo's nonce line, in decimal; `0` is the ordinary one. */
  readonly nonceKey: string;
  readonly chainId: number;
  readonly calls: readonly Call[];
  /** The token that pays the fee; null where that is the native one. */
  readonly feeToken: Address | null;
  /** What is broadcast, again and again the same. */
  readonly raw: `0x${string}`;
};

/** A transaction that is in a block, and succeeded. */
export type SentTransaction = {
  readonly hash: `0x${string}`;
  readonly from: Address;
  readonly block: number;
  readonly gasUsed: string;
  /** What was paid, in words: `0.000074 AlphaUSD`. */
  readonly fee: string;
};

/** All transactions of a run whose every step sends one. A step that a probe has found done is left out. */
export function sentByRun(ctx: Pick<StepContext, 'results'>): readonly SentTransaction[] {
  return (everyResult(ctx) as readonly (SentTransaction | null)[]).filter((sent) => sent !== null);
}
