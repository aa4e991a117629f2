import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import { readDeployment } from '../../../src/chain/intents/readDeployment.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import { simulate } from '../../../src/chain/transactions/simulate.ts';
import type { Call } from '../../../src/chain/transactions/transaction.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import { readWithdrawable } from '../../../src/chain/treasury/readWithdrawable.ts';
import type { Address } from '../../../src/config/settings.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Chain } from '../../../src/runbook/context.ts';
import type { Pausing, Withdrawal } from './facts.ts';

/** How long an amount of `max` stays right while the transaction is on its way, in seconds. */
export const holdsFor = 120;

export interface ReadFreeParameters {
  readonly token: Token;
  /** In the smallest unit; undefined for all that is free. */
  readonly amount: bigint | undefined;
  readonly recipient: Address;
  readonly pausing: Pausing | null;
}

export interface ReadFree {
  /** In the smallest unit. */
  readonly free: bigint;
  /** Why the vault refuses to pay it out all the same; null where it does not, or that cannot be tried. */
  readonly refusal: string | null;
  readonly withdrawal: Withdrawal;
}

/**
 * What the vault would let go of now, and the call that takes it out.
 * @throws TvError where no node answers, or nobody may withdraw
 */
export async function readFree(
  chain: Chain,
  { token, amount, recipient, pausing }: ReadFreeParameters,
): Promise<ReadFree> {
  const deployment = await readDeployment(chain);
  const call = (wanted: bigint) =>
    resolveIntent(chain, { intent: 'withdraw', token: token.address, amount: wanted, recipient }, deployment);
  const { address: vault, holders } = await call(1n);
  const [holder] = holders;
  const [ender] = pausing?.end.holders ?? [];
  if (holder === undefined || (pausing !== null && ender === undefined)) {
    throw new TvError('Nobody holds the role that may withdraw.', { facts: { TreasuryVault: vault } });
  }
  const first =
    pausing === null || ender === undefined
      ? undefined
      : { from: ender, to: pausing.end.address, data: pausing.end.data };
  const [free, before] = await Promise.all([
    readWithdrawable(chain, {
      vault,
      token: token.address,
      from: holder,
      recipient,
      first,
      holdsFor: amount === undefined ? holdsFor : 0,
    }),
    readPlaces(chain, { token: token.address, recipient }),
  ]);
  const wanted = amount ?? free;
  const intent = await call(wanted);
  return {
    free,
    refusal: amount === undefined && free > 0n ? await refusalOf(chain, { holder, intent, first }) : null,
    withdrawal: { token, amount: wanted.toString(), intent, before },
  };
}

/** The amount that the vault names as available is no promise: its check of book against holdings comes after. */
async function refusalOf(
  chain: Chain,
  {
    holder,
    intent,
    first,
  }: {
    readonly holder: Address;
    readonly intent: ResolvedIntent;
    readonly first: (Call & { readonly from: Address }) | undefined;
  },
): Promise<string | null> {
  const calls = [{ to: intent.address, data: intent.data }];
  const answer = await simulate(chain, { from: holder, calls, first: first === undefined ? [] : [first] });
  return answer.ok ? null : answer.revert.sentence;
}
