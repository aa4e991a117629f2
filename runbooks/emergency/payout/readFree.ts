import { readDeployment } from '../../../src/chain/intents/readDeployment.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
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

/**
 * What the vault would let go of now, and the call that takes it out.
 * @throws TvError where no node answers, or nobody may withdraw
 */
export async function readFree(
  chain: Chain,
  { token, amount, recipient, pausing }: ReadFreeParameters,
): Promise<{ readonly free: bigint; readonly withdrawal: Withdrawal }> {
  const deployment = await readDeployment(chain);
  const call = (wanted: bigint) =>
    resolveIntent(chain, { intent: 'withdraw', token: token.address, amount: wanted, recipient }, deployment);
  const { address: vault, holders } = await call(1n);
  const [holder] = holders;
  const [ender] = pausing?.end.holders ?? [];
  if (holder === undefined || (pausing !== null && ender === undefined)) {
    throw new TvError('Nobody holds the role that may withdraw.', { facts: { TreasuryVault: vault } });
  }
  const [free, before] = await Promise.all([
    readWithdrawable(chain, {
      vault,
      token: token.address,
      from: holder,
      recipient,
      first:
        pausing === null || ender === undefined
          ? undefined
          : { from: ender, to: pausing.end.address, data: pausing.end.data },
      holdsFor: amount === undefined ? holdsFor : 0,
    }),
    readPlaces(chain, { token: token.address, recipient }),
  ]);
  const wanted = amount ?? free;
  return {
    free,
    withdrawal: { token, amount: wanted.toString(), intent: await call(wanted), before },
  };
}
