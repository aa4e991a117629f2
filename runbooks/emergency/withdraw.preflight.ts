import { namedPairs } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { formatAmount, parseAmount } from '../../src/chain/treasury/amount.ts';
import { checkRecipient } from '../../src/chain/treasury/checkRecipient.ts';
import { findToken } from '../../src/chain/treasury/findToken.ts';
import { unwindOf } from '../../src/operations/offVaultBalances.ts';
import { checkPause, checkPayout, checkPayoutRecipient } from '../../src/operations/payout/checks.ts';
import type { PayoutFacts } from '../../src/operations/payout/facts.ts';
import { readFree } from '../../src/operations/payout/withdrawable.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass } from '../../src/runbook/preflight.ts';

/** What the preflight has found and the plan is made from: always one withdrawal. */
export type WithdrawFacts = PayoutFacts & { readonly chainId: number };

export interface WithdrawInput {
  readonly token: string;
  readonly amount: string;
  readonly to: string;
  readonly toAgain?: string | undefined;
  readonly replace: boolean;
}

/** Who gets how much of what, whether the vault lets go of it, and what a pause takes. */
export async function preflight(ctx: Context, input: WithdrawInput): Promise<PreflightResult<WithdrawFacts>> {
  const { replace } = input;
  const recipient = checkRecipient(ctx.settings, input.to);
  const max = input.amount === 'max';
  const preflight = new Preflight(ctx);
  const nodes = checkNodes(ctx, preflight, { protects: true });
  checkPayoutRecipient(ctx, preflight, recipient, input);
  const token = preflight.check('token', 'chain', async () => {
    await need(nodes, 'chain');
    const found = await findToken(ctx.chain(), ctx.settings, input.token);
    // Read now: an invalid amount is reported before anything else.
    if (!max) parseAmount(input.amount, found);
    return pass(`${found.symbol} ${found.address}, ${found.decimals} decimals`, found);
  });
  const paused = checkPause(ctx, preflight, nodes);
  const asked = preflight.check('amount', 'chain', async () => {
    const unit = await need(token, 'token');
    const { pausing } = await need(paused, 'protocol');
    const amount = max ? undefined : parseAmount(input.amount, unit);
    const { free, withdrawal } = await readFree(ctx.chain(), { token: unit, amount, recipient, pausing });
    const { before } = withdrawal;
    const shown = (value: bigint) => formatAmount(value, unit);
    const facts = {
      book: shown(BigInt(before.book)),
      deployed: shown(BigInt(before.deployed)),
      fees: shown(BigInt(before.fees)),
    };
    if (free === 0n) return block(`no ${unit.symbol} of the vault is withdrawable`, { facts });
    if (amount === undefined) {
      return pass(
        `${shown(free)} is withdrawable, less what the management fee takes until then`,
        withdrawal,
      );
    }
    if (amount > free) {
      return block(`${shown(amount)} asked for, ${shown(free)} is withdrawable`, {
        facts,
        next: [
          { again: ['--amount', 'max'] },
          { when: 'for what is deployed', ...unwindOf(namedPairs(ctx.settings)) },
        ],
      });
    }
    return pass(`${shown(amount)} of the withdrawable ${shown(free)}`, withdrawal);
  });

  const [found, known] = [await asked, await paused];
  if (found === undefined || known === undefined) {
    return { checks: await preflight.checks(), facts: undefined };
  }
  const payer = await checkPayout(ctx, { withdraws: [found.intent], pausing: known.pausing, replace });
  const checks = [...(await preflight.checks()), ...payer.checks];
  const chain = await nodes;
  if (chain === undefined || payer.found === undefined) return { checks, facts: undefined };
  return {
    checks,
    facts: { chainId: chain.id, recipient, max, withdrawals: [found], replace, ...payer.found },
  };
}
