import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import type { Address } from '../../../src/config/settings.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { type Lookout, need, pass, warn } from '../../../src/runbook/lookout.ts';
import type { Pausing, Withdrawal } from '../payout/facts.ts';
import { lookAtPause } from '../payout/lookAtPause.ts';
import { readFree } from '../payout/readFree.ts';

export interface LookAtFreeParameters {
  readonly recipient: Address;
  /** Undefined where the check `capital` blocks. */
  readonly capital: Promise<{ readonly before: readonly { readonly token: Token }[] } | undefined>;
}

/** What the vault lets go of, token by token, and whether a pause is in the way. */
export function lookAtFree(
  ctx: Context,
  lookout: Lookout,
  { recipient, capital }: LookAtFreeParameters,
): Promise<{ readonly withdrawals: readonly Withdrawal[]; readonly pausing: Pausing | null } | undefined> {
  const paused = lookAtPause(ctx, lookout);
  return lookout.look('free', 'chain', async () => {
    const { before } = await need(capital, 'capital');
    const { pausing } = await need(paused, 'protocol');
    const all = await Promise.all(
      before.map(({ token }) => readFree(ctx.chain(), { token, amount: undefined, recipient, pausing })),
    );
    const some = all.filter(({ free }) => free > 0n);
    const none = all.filter(({ free }) => free === 0n);
    const value = { withdrawals: some.map(({ withdrawal }) => withdrawal), pausing };
    const words = some.map(({ free, withdrawal }) => formatAmount(free, withdrawal.token)).join(' and ');
    if (none.length === 0)
      return pass(`${words} can be withdrawn, less what the fee takes until then`, value);
    const facts = Object.fromEntries(
      none.map(({ withdrawal: { token, before: places } }) => {
        const shown = (amount: string) => formatAmount(BigInt(amount), token);
        return [
          token.symbol,
          `none free: book ${shown(places.book)}, deployed ${shown(places.deployed)}, fees ${shown(places.fees)}`,
        ];
      }),
    );
    const summary =
      some.length === 0
        ? 'nothing can be withdrawn: what comes back stays booked as deployed'
        : `${words} can be withdrawn, less what the fee takes until then`;
    return warn(summary, { facts, value });
  });
}
