import { ofCurrentState, readStaleHead } from '../../../src/chain/currentState.ts';
import { recordsEffect } from '../../../src/chain/intents/effects.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import { fundingCall } from '../../../src/chain/oracle/fundAccount.ts';
import { preferToken } from '../../../src/chain/oracle/preferToken.ts';
import { isOracle } from '../../../src/chain/oracle/readAuthority.ts';
import { readUntil } from '../../../src/chain/readUntil.ts';
import { readEvidence } from '../../../src/chain/transactions/receipt.ts';
import {
  notedTransaction,
  probeSent,
  sendOnce,
  settleOnce,
} from '../../../src/chain/transactions/sendOnce.ts';
import { node } from '../../../src/chain/transactions/sendSteps.ts';
import type { Call } from '../../../src/chain/transactions/transaction.ts';
import type { Address } from '../../../src/config/settings.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { ProbeAnswer, Step, StepContext } from '../../../src/runbook/define.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import { needKey, type RotateFacts, readKeyUnderWay, withoutKey } from './facts.ts';

/** Money for fees. On Tempo a transfer of the fee token: a transaction with value is refused there. */
export function fund(facts: RotateFacts): Step {
  const { funding } = facts;
  if (funding === null) throw new Error('nothing to fund');
  const to = facts.newAddress ?? '$NEW_ORACLE_ADDRESS';
  return {
    id: 'fund',
    title: `fund the new address with ${funding.words}${funding.token === null ? '' : ', and have it pay its fees in that'}`,
    command:
      funding.token === null
        ? `cast send ${to} --value ${funding.amount} ${node} --account admin`
        : `cast send ${funding.token} "transfer(address,uint256)" ${to} ${funding.amount} ${node} --account admin`,
    runs: 'here',
    effect: 'reversible',
    afterwards: 'kept for the next rotation',
    probe,
    run: async (ctx) => {
      const { address, key } = needKey(ctx, 'new');
      const sent = await send(ctx, facts, fundingCall(funding, address), 'fund');
      if (funding.token !== null) await preferToken(ctx, { key, token: funding.token });
      return sent;
    },
  };
}

/** Where every holder of ORACLE counts, the old key goes on working; where there is one oracle, it ends here. */
export function authorise(facts: RotateFacts): Step {
  const cuts = facts.form === 'one-address';
  const to = facts.newAddress ?? '$NEW_ORACLE_ADDRESS';
  const base: Step = {
    id: 'authorise',
    title: cuts ? 'authorise the new address; the old key ends at this instant' : 'authorise the new address',
    command: cuts
      ? `cast send $RISK_CONTROLLER_ADDRESS "setOracleAddress(address)" ${to} ${node} --account admin`
      : `cast send $GOVERNANCE_ROLES_ADDRESS "grantRole(bytes32,address)" $ORACLE_ROLE ${to} ${node} --account admin`,
    runs: 'here',
    // An address is authorised or not, however often.
    once: [],
    effect: facts.compromised ? 'final' : 'reversible',
    ...(facts.compromised
      ? { afterwards: 'the old key stays out' }
      : { undoTitle: cuts ? 'authorise the old address' : 'revoke the new address' }),
    ...(cuts ? { leaves: withoutKey } : {}),
    probe,
    run: async (ctx) => {
      const oracle = needKey(ctx, 'new').address;
      const { address: to, data } = await resolveIntent(ctx.chain(), { intent: 'authoriseOracle', oracle });
      const since = cuts ? moment(ctx) : undefined;
      const sent = await send(ctx, facts, { to, data }, 'authorise');
      return { ...sent, ...(since === undefined ? {} : { since }) };
    },
  };
  if (facts.compromised) return base;
  return {
    ...base,
    undo: async (ctx) => {
      const signed = notedTransaction(ctx, 'authorise');
      const oracle = readKeyUnderWay(ctx, 'new')?.address;
      if (signed === undefined || oracle === undefined) return;
      // It may still be on its way: what comes after it must undo it.
      const undecided = await settleOnce(ctx, signed, { note: 'authorise' }).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof TvError)) throw error;
          // Proven to have had no effect: nothing of it can come any more.
          return notedTransaction(ctx, 'authorise') === undefined ? undefined : error;
        },
      );
      const known = notedTransaction(ctx, 'undo-authorise') !== undefined;
      const back = cuts
        ? await isOracle(ctx.chain(), facts.oldAddress)
        : !(await isOracle(ctx.chain(), oracle));
      // What an old block shows is no reason to leave it as it is.
      if (!known && back && (await readStaleHead(ctx)) === undefined) {
        if (undecided !== undefined) throw undecided;
        return;
      }
      const { address: to, data } = await resolveIntent(
        ctx.chain(),
        cuts ? { intent: 'authoriseOracle', oracle: facts.oldAddress } : { intent: 'revokeOracle', oracle },
      );
      await send(ctx, facts, { to, data }, 'undo-authorise');
    },
    checkUndone: (ctx) =>
      ofCurrentState(ctx, async () => {
        const made = (ctx.results['generate'] as { address?: Address } | null | undefined)?.address;
        const account = cuts ? facts.oldAddress : (facts.newAddress ?? made);
        if (account === undefined) throw new TvError('the journal does not hold the new address');
        const holds = await readUntil(
          ctx,
          () => isOracle(ctx.chain(), account),
          (value) => value === cuts,
        );
        const words = `${account} is ${holds ? '' : 'not '}authorised as oracle`;
        if (holds !== cuts) return block(`${words}, unlike before the run`);
        const signed = notedTransaction(ctx, 'undo-authorise');
        if (signed === undefined) return pass(`${words}, as before the run`);
        const { hash } = signed;
        const proof = await readEvidence(ctx.chain(), hash);
        if (!proof.known) {
          return block(`${words}, but it is unknown whether the undo succeeded: ${proof.reason}`, {
            facts: { transaction: hash },
            next: [{ tv: ['resume'] }],
          });
        }
        const intent = await resolveIntent(ctx.chain(), {
          intent: cuts ? 'authoriseOracle' : 'revokeOracle',
          oracle: account,
        });
        return recordsEffect(proof.value.logs, intent) === false
          ? warn(`${words}, as before the run, but ${hash} has no event of it`)
          : pass(`${words}, as before the run, by ${hash} in block ${count(proof.value.block)}`);
      }),
  };
}

/** A key in somebody else's hands is cut off before anything else is done. */
export function cut(facts: RotateFacts): Step {
  const oracle = facts.oldAddress;
  return {
    id: 'cut',
    title: `revoke ${oracle} at once`,
    command: `cast send $GOVERNANCE_ROLES_ADDRESS "revokeRole(bytes32,address)" $ORACLE_ROLE ${oracle} ${node} --account admin`,
    runs: 'here',
    effect: 'final',
    leaves: withoutKey,
    probe,
    run: async (ctx) => {
      const { address: to, data } = await resolveIntent(ctx.chain(), { intent: 'revokeOracle', oracle });
      const since = moment(ctx);
      return { ...(await send(ctx, facts, { to, data }, 'cut')), since };
    },
  };
}

/** `begun` where it is noted: running it again looks that very transaction up, and gives its receipt. */
async function probe(ctx: StepContext): Promise<ProbeAnswer> {
  const [note] = ['fund', 'authorise', 'cut'].filter((name) => notedTransaction(ctx, name) !== undefined);
  if (note === undefined) return 'not-done';
  return probeSent(ctx, note);
}

/** When it began, also where it is taken up again. */
function moment(ctx: StepContext): string {
  const noted = ctx.notes['since'];
  if (typeof noted === 'string') return noted;
  const now = ctx.clock.now().toISOString();
  ctx.note('since', now);
  return now;
}

function send(ctx: StepContext, { sender }: RotateFacts, call: Call, note: string) {
  const { role, from, feeToken } = sender;
  return sendOnce(ctx, { role, from, calls: [call], feeToken: feeToken ?? undefined, note });
}
