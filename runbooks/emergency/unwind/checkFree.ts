import { informational } from '../../../src/chain/informational.ts';
import type { checkNodes } from '../../../src/chain/preflight/checkNodes.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { Address } from '../../../src/config/settings.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { need, type Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { checkPause } from '../payout/checkPause.ts';
import type { Pausing, Withdrawal } from '../payout/facts.ts';
import { readFree } from '../payout/readFree.ts';
import type { Capital } from './readCapital.ts';

export interface LookAtFreeParameters {
  readonly recipient: Address;
  readonly nodes: ReturnType<typeof checkNodes>;
  /** Undefined where the check `strategy` blocks. */
  readonly capital: Promise<Capital | undefined>;
}

/**
 * What the vault lets go of, token by token, and whether a pause is in the way. A token that cannot be read
 * or paid out does not keep the others back.
 */
export function checkFree(
  ctx: Context,
  preflight: Preflight,
  { recipient, nodes, capital }: LookAtFreeParameters,
): Promise<{ readonly withdrawals: readonly Withdrawal[]; readonly pausing: Pausing | null } | undefined> {
  const paused = checkPause(ctx, preflight, nodes);
  return preflight.check('free', 'chain', async () => {
    const { tokens } = await need(capital, 'strategy');
    const { pausing } = await need(paused, 'protocol');
    const all = await Promise.all(
      tokens.map(async ({ token }) => ({
        token,
        found: await informational(readFree(ctx.chain(), { token, amount: undefined, recipient, pausing })),
      })),
    );
    const some: { readonly free: bigint; readonly withdrawal: Withdrawal }[] = [];
    const facts: Record<string, string> = {};
    for (const { token, found } of all) {
      if (!found.known) {
        facts[token.symbol] = `left out: ${found.reason}`;
        continue;
      }
      const { free, refusal, withdrawal } = found.value;
      const shown = (amount: string) => formatAmount(BigInt(amount), token);
      const { book, deployed, fees } = withdrawal.before;
      if (free === 0n) {
        facts[token.symbol] =
          `none withdrawable: book ${shown(book)}, deployed ${shown(deployed)}, fees ${shown(fees)}`;
      } else if (refusal !== null) {
        facts[token.symbol] = `left out, the vault would refuse: ${refusal}`;
      } else some.push({ free, withdrawal });
    }
    const value = { withdrawals: some.map(({ withdrawal }) => withdrawal), pausing };
    const words = some.map(({ free, withdrawal }) => formatAmount(free, withdrawal.token)).join(' and ');
    const summary =
      some.length === 0
        ? 'nothing can be withdrawn'
        : `${words} can be withdrawn, less what the fee takes until then`;
    return Object.keys(facts).length === 0 ? pass(summary, value) : warn(summary, { facts, value });
  });
}
