import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import type { ResolvedIntent } from '../intents/intent.ts';
import { resolveIntents } from '../intents/resolveIntent.ts';
import { readProtocol } from '../readProtocol.ts';
import { simulate } from '../transactions/simulate.ts';
import type { Call } from '../transactions/transaction.ts';

type FromCall = Call & { readonly from: Address };

/** The call, as the account that may make it; none where the role has no holder. */
export function byHolder({ address, data, holders: [from] }: ResolvedIntent): readonly FromCall[] {
  return from === undefined ? [] : [{ from, to: address, data }];
}

/** What the vault does with a withdrawal that was tried. */
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
