import type { ResolvedIntent } from '../../chain/intents/intent.ts';
import { readDeployment } from '../../chain/intents/readDeployment.ts';
import { resolveIntent } from '../../chain/intents/resolveIntent.ts';
import { simulate } from '../../chain/transactions/simulate.ts';
import type { Call } from '../../chain/transactions/transaction.ts';
import type { Token } from '../../chain/treasury/findToken.ts';
import { readPlaces } from '../../chain/treasury/readPlaces.ts';
import { readWithdrawable } from '../../chain/treasury/readWithdrawable.ts';
import type { Address } from '../../config/settings.ts';
import { answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import type { StepContext } from '../../runbook/define.ts';
import { note } from '../../runbook/step.ts';
import type { Pausing, PayoutFacts, Withdrawal } from './facts.ts';

/** By token: what is paid out where all that is withdrawable was asked for. For whoever reads the journal. */
const paidOut = note<Readonly<Record<string, string>>>('amounts');

/** How long an amount of `max` stays right while the transaction is on its way, in seconds. */
const holdsFor = 120;

export interface ReadFreeParameters {
  readonly token: Token;
  /** In the smallest unit; undefined for all that is withdrawable. */
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
 * What is withdrawable now, and the call that withdraws it.
 * @throws TvError where no node answers, or no account may withdraw
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
    throw new TvError('chain.no-role-holder', 'No account holds the role that may withdraw.', {
      facts: { TreasuryVault: vault },
    });
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
    refusal: amount === undefined && free > 0n ? await refusalOfCall(chain, { holder, intent, first }) : null,
    withdrawal: { token, amount: wanted.toString(), intent, before },
  };
}

/** The available amount that the vault returns is no promise: its check of book against holdings comes later. */
async function refusalOfCall(
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

export interface Amount {
  readonly token: Address;
  /** In the smallest unit. */
  readonly amount: bigint;
}

/** One token that the vault refuses to pay out must not make the transaction of all of them revert. */
async function refusalOfAmount(
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
 * How much of each token `max` takes out: read just before it is signed, and kept in
 * the journal. A token of which nothing is withdrawable any more is left out.
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
        : await refusalOfAmount(ctx, facts, { token: address, amount });
    if (refusal === undefined) free.push({ token, amount });
    else left[symbol] = refusal;
  }
  if (free.length === 0) {
    throw new TvError('emergency.nothing-withdrawable', 'The vault pays out none of it any more.', {
      facts: left,
    });
  }
  paidOut.write(ctx, Object.fromEntries(free.map(({ token, amount }) => [token, amount.toString()])));
  return free;
}
