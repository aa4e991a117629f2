import { readWithdrawable } from '../../../src/chain/treasury/readWithdrawable.ts';
import type { Address } from '../../../src/config/settings.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { asJson } from '../../../src/runbook/engine.ts';
import type { PayoutFacts, Withdrawal } from './facts.ts';
import { holdsFor } from './readFree.ts';

export interface Amount {
  readonly token: Address;
  /** In the smallest unit. */
  readonly amount: bigint;
}

/**
 * How much of each token `max` takes out: read as late as can be, just before it is signed, and kept in
 * the journal. What is no longer withdrawable is left out.
 * @throws TvError where nothing of any of them is
 */
export async function readAmounts(
  ctx: StepContext,
  facts: PayoutFacts,
  group: readonly Withdrawal[],
): Promise<readonly Amount[]> {
  const { recipient, sender, pause } = facts;
  const first =
    pause.way === 'atomic' ? { from: sender.from, to: pause.end.address, data: pause.end.data } : undefined;
  const all = await Promise.all(
    group.map(async ({ token: { address: token }, intent }) => ({
      token,
      amount: await readWithdrawable(ctx.chain(), {
        vault: intent.address,
        token,
        from: sender.from,
        recipient,
        first,
        holdsFor,
      }),
    })),
  );
  const free = all.filter(({ amount }) => amount > 0n);
  if (free.length === 0) {
    throw new TvError('Nothing of it is free in the vault any more.', {
      facts: { tokens: group.map(({ token }) => token.symbol).join(', ') },
    });
  }
  ctx.note(
    'amounts',
    asJson(Object.fromEntries(free.map(({ token, amount }) => [token, amount.toString()]))),
  );
  return free;
}
