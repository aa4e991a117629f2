import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import { simulate } from '../../../src/chain/transactions/simulate.ts';
import { readWithdrawable } from '../../../src/chain/treasury/readWithdrawable.ts';
import type { Address } from '../../../src/config/settings.ts';
import { answer } from '../../../src/errors/answer.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { asJson } from '../../../src/runbook/json.ts';
import type { PayoutFacts, Withdrawal } from './facts.ts';
import { holdsFor } from './readFree.ts';

export interface Amount {
  readonly token: Address;
  /** In the smallest unit. */
  readonly amount: bigint;
}

/** One token that the vault refuses to pay out must not make the transaction of all of them revert. */
async function refusalOf(
  ctx: StepContext,
  { recipient, sender, pause }: PayoutFacts,
  amount: Amount,
): Promise<string | undefined> {
  const chain = ctx.chain();
  const first = pause.way === 'atomic' ? [pause.end] : [];
  const intent = await resolveIntent(chain, { intent: 'withdraw', ...amount, recipient });
  const calls = [...first, intent].map(({ address, data }) => ({ to: address, data }));
  // What cannot be tried is sent: the transaction is simulated as a whole before it is signed.
  const tried = await answer(simulate(chain, { from: sender.from, calls }));
  return !tried.known || tried.value.ok ? undefined : tried.value.revert.sentence;
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
  const free: Amount[] = [];
  const left: Record<string, string> = {};
  for (const [index, { token, amount }] of all.entries()) {
    const { symbol, address } = group[index]?.token ?? { symbol: token, address: token };
    const refusal =
      amount === 0n
        ? 'nothing of it is withdrawable any more'
        : await refusalOf(ctx, facts, { token: address, amount });
    if (refusal === undefined) free.push({ token, amount });
    else left[symbol] = refusal;
  }
  if (free.length === 0) {
    throw new TvError('The vault pays out none of it any more.', { facts: left });
  }
  ctx.note(
    'amounts',
    asJson(Object.fromEntries(free.map(({ token, amount }) => [token, amount.toString()]))),
  );
  return free;
}
