import { ofCurrentState } from '../../chain/currentState.ts';
import { changedSince, sinceFacts } from '../../chain/intents/effects.ts';
import type { ResolvedIntent } from '../../chain/intents/intent.ts';
import { readProtocol } from '../../chain/readProtocol.ts';
import { sameAddress } from '../../chain/sameAddress.ts';
import { type EmittedLog, readEvidence } from '../../chain/transactions/receipt.ts';
import type { SignedTransaction } from '../../chain/transactions/transaction.ts';
import { formatAmount } from '../../chain/treasury/amount.ts';
import { paymentIn, withdrawnBy } from '../../chain/treasury/withdrawals.ts';
import type { Address } from '../../config/settings.ts';
import type { Finding } from '../../runbook/check.ts';
import type { StepContext } from '../../runbook/define.ts';
import { block, type Preflight, pass, warn } from '../../runbook/preflight.ts';
import { pausing } from '../pauseSteps.ts';
import type { PayoutFacts, Withdrawal } from './facts.ts';
import { type Paid, paymentsOf } from './payments.ts';

type Paying = Pick<Paid, 'hash' | 'paid'>;

function amountOf(payments: readonly Paying[], token: Address): bigint {
  return payments
    .flatMap(({ paid }) => Object.entries(paid))
    .filter(([address]) => sameAddress(address, token))
    .reduce((sum, [, amount]) => sum + BigInt(amount), 0n);
}

/** Also those whose step failed: of each step the one that it signed last. */
function payments(ctx: StepContext, facts: PayoutFacts): readonly Paying[] {
  const steps = paymentsOf(facts).map(({ step }) => step);
  const finished = steps.map((step) => step.result(ctx)).filter((paid) => paid !== undefined);
  const signed = new Map<string, SignedTransaction>();
  for (const event of ctx.runs.read(ctx.runId)) {
    const isPayment = 'step' in event && steps.some(({ id }) => id === event.step);
    if (isPayment && event.type === 'step.noted' && event.note === 'transaction') {
      signed.set(event.step, event.value as unknown as SignedTransaction);
    }
  }
  const noted = [...signed.values()].map(({ hash, calls }) => ({ hash, paid: withdrawnBy(calls) }));
  return [...new Map([...finished, ...noted].map((one) => [one.hash, one])).values()];
}

/**
 * Whether this run's own transactions moved all of it from the vault to the recipient, by the receipts
 * of their hashes, and whether the pause is back. What balances do meanwhile is no part of it.
 */
export function checkPaid(ctx: StepContext, preflight: Preflight, facts: PayoutFacts): void {
  const { withdrawals, pause } = facts;
  for (const withdrawal of withdrawals) {
    const { token } = withdrawal;
    const id = withdrawals.length === 1 ? 'recipient' : `recipient ${token.symbol}`;
    preflight.check(id, 'chain', () => received(ctx, facts, withdrawal));
  }
  const readBack = async () => {
    const { paused } = await readProtocol(ctx.chain());
    if (pause.way === 'not in the way') {
      if (paused === undefined) return warn('paused state unknown: no contract returns it');
      return pass(paused ? 'paused' : 'not paused');
    }
    if (paused === undefined) {
      return block('NOT SAFE: whether the protocol is paused again is unknown: no contract returns it', {
        next: [{ tv: ['status'] }, { tv: ['emergency', 'shutdown'] }],
      });
    }
    return paused ? pass('paused again, read back from the contract') : notPaused(ctx, facts, pause.begin);
  };
  preflight.check('pause', 'chain', () => ofCurrentState(ctx, readBack));
}

async function received(
  ctx: StepContext,
  facts: PayoutFacts,
  { token, intent: { address: vault } }: Withdrawal,
): Promise<Finding> {
  const { recipient } = facts;
  const next = [{ tv: ['resume'] }];
  const own = payments(ctx, facts).filter((payment) => amountOf([payment], token.address) > 0n);
  if (own.length === 0) return block(`this run has sent no withdrawal of ${token.symbol}`, { next });
  const logs: EmittedLog[] = [];
  for (const { hash } of own) {
    const evidence = await readEvidence(ctx.chain(), hash);
    if (!evidence.known) {
      return block(`not proven that ${recipient} was paid: ${evidence.reason}`, {
        facts: { transaction: hash },
        next,
      });
    }
    logs.push(...evidence.value.logs);
  }
  const paid = amountOf(own, token.address);
  const shown = (amount: bigint) => formatAmount(amount, token);
  const transactions = own.map(({ hash }) => hash).join(', ');
  const { moved, recorded } = paymentIn(logs, { vault, token: token.address, recipient });
  const about = { transaction: transactions, vault, recipient };
  if (moved !== paid) {
    const from = `from the vault to ${recipient}`;
    return block(`the receipt shows ${shown(moved)} ${from}, not ${shown(paid)}`, { facts: about });
  }
  const words = `${recipient} received ${shown(moved)}`;
  if (recorded === undefined) return warn(`${words}; the vault emitted no Withdrawn event`, { facts: about });
  if (recorded !== paid)
    return block(`${words}, but the vault recorded ${shown(recorded)}`, { facts: about });
  const receipts = own.map(({ hash }) => hash).join(', ');
  return pass(`${words}: Transfer and Withdrawn in the receipt of ${receipts}`);
}

/** Not paused now. Where this run's pause is in its block, another transaction has ended it since. */
async function notPaused(ctx: StepContext, payout: PayoutFacts, begin: ResolvedIntent): Promise<Finding> {
  const next = [{ tv: ['emergency', 'shutdown'] }];
  const sent = pausing.result(ctx) ?? payments(ctx, payout).at(-1);
  const since =
    sent === undefined ? undefined : await changedSince(ctx.chain(), { intent: begin, hash: sent.hash });
  if (sent === undefined || since === undefined)
    return block('NOT SAFE: the protocol is not paused', { next });
  const facts = sinceFacts(since, sent.hash);
  const words = 'the protocol is not paused: this run paused it again, and it was unpaused since';
  // What another transaction did afterwards is no failure of this run.
  return since.later.known && since.later.value !== undefined
    ? warn(words, { facts, next })
    : block(`NOT SAFE: ${words}`, { facts, next });
}
