import { informational } from '../../src/chain/informational.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import type { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import type { Call } from '../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../src/chain/treasury/amount.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Capital } from '../../src/operations/capital.ts';
import { checkPause } from '../../src/operations/payout/checks.ts';
import type { Pausing, Withdrawal } from '../../src/operations/payout/facts.ts';
import { readFree } from '../../src/operations/payout/withdrawable.ts';
import type { Chain, Context } from '../../src/runbook/context.ts';
import { need, type Preflight, pass, warn } from '../../src/runbook/preflight.ts';

export interface LookAtFreeParameters {
  readonly recipient: Address;
  readonly nodes: ReturnType<typeof checkNodes>;
  /** Undefined where the check `strategy` blocks. */
  readonly capital: Promise<Capital | undefined>;
}

/**
 * What is withdrawable, token by token, and whether a pause blocks it. A token that cannot be read
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

export interface LookAtTrapParameters {
  readonly unwinds: Promise<readonly ResolvedIntent[]>;
  readonly capital: Promise<Capital | undefined>;
  /** The operator wants to withdraw as well. */
  readonly withdraw: boolean;
  /** As the operator named them. */
  readonly pairs: readonly string[];
}

/**
 * Whether the vault refuses withdrawals once the unwind has happened: one build books what comes back a
 * second time, and its consistency check then finds less than the book says.
 * @returns true where withdrawals have to go first
 */
export function checkTrap(
  ctx: Context,
  preflight: Preflight,
  { unwinds, capital, withdraw, pairs }: LookAtTrapParameters,
): Promise<boolean | undefined> {
  return preflight.check<boolean>('after', 'chain', async () => {
    const calls = await unwinds;
    const { tokens } = await need(capital, 'strategy');
    if (calls.length === 0) return pass('nothing is unwound', false);
    const tried = await Promise.all(
      tokens.map(async ({ token }) => ({
        token,
        answer: await informational(
          tryWithdrawal(ctx.chain(), { token: token.address, first: calls.flatMap(byHolder) }),
        ),
      })),
    );
    const trapped = tried.filter(({ answer }) => answer.known && answer.value.outcome === 'trapped');
    const names = (some: typeof tried) => some.map(({ token }) => token.symbol).join(', ');
    if (trapped.length === 0) {
      const unknown = tried.filter(({ answer }) => !answer.known || answer.value.outcome === 'unknown');
      if (unknown.length > 0) {
        const summary = `whether the vault pays out ${names(unknown)} after the unwind is unknown`;
        return warn(summary, { facts: { reason: 'the node cannot simulate it' }, value: false });
      }
      const refused = tried.flatMap(({ token, answer }) =>
        answer.known && answer.value.outcome === 'refused'
          ? [`${token.symbol} not: ${answer.value.why}`]
          : [],
      );
      return pass(['withdrawals succeed after the unwind, as simulated', ...refused].join('; '), false);
    }
    const why = 'the vault books what comes back a second time, so its book exceeds what it holds';
    if (withdraw) {
      return warn(`the withdrawals go first: after the unwind those of ${names(trapped)} revert`, {
        facts: { reason: why },
        value: true,
      });
    }
    return warn(
      `after this unwind every withdrawal of ${names(trapped)} reverts (BalanceConsistencyViolation)`,
      {
        facts: { reason: why },
        next: [
          {
            when: 'to withdraw first',
            tv: [
              'emergency',
              'unwind',
              ...pairs.flatMap((pair) => ['--pair', pair]),
              '--withdraw',
              '--to',
              'ADDRESS',
            ],
          },
        ],
        value: true,
      },
    );
  });
}

type FromCall = Call & { readonly from: Address };

function byHolder({ address, data, holders: [from] }: ResolvedIntent): readonly FromCall[] {
  return from === undefined ? [] : [{ from, to: address, data }];
}

export type Outcome =
  | { readonly outcome: 'pays' | 'unknown' }
  /** By the vault's consistency check, which stays so. */
  | { readonly outcome: 'trapped'; readonly why: string }
  | { readonly outcome: 'refused'; readonly why: string };

/** What becomes of a withdrawal of one unit, after other calls and without a pause. @throws TvError where no node answers */
export async function tryWithdrawal(
  chain: Chain,
  { token, first }: { readonly token: Address; readonly first: readonly FromCall[] },
): Promise<Outcome> {
  const [{ paused, pausedBy }, intents] = await Promise.all([
    readProtocol(chain),
    resolveIntents(chain, [
      { intent: 'withdraw', token, amount: 1n, recipient: '0x000000000000000000000000000000000000dEaD' },
      { intent: 'unpauseProtocol' },
    ]),
  ]);
  const [withdrawal, unpause] = intents;
  if (withdrawal === undefined || unpause === undefined) throw new Error('one answer for each intent');
  const [own] = byHolder(withdrawal);
  if (own === undefined) return { outcome: 'unknown' };
  const { from, ...call } = own;
  const before = paused === true && pausedBy === 'riskController' ? byHolder(unpause) : [];
  const answer = await simulate(chain, { from, calls: [call], first: [...first, ...before] });
  if (answer.ok) return { outcome: answer.tried ? 'pays' : 'unknown' };
  const { sentence: why, facts } = answer.revert;
  const isTrap = facts['error']?.startsWith('BalanceConsistencyViolation') === true;
  return { outcome: isTrap ? 'trapped' : 'refused', why };
}
