import { ofCurrentState, readStaleHead } from '../../src/chain/currentState.ts';
import { recordsEffect } from '../../src/chain/intents/effects.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { fundingCall } from '../../src/chain/oracle/fundAccount.ts';
import { preferToken } from '../../src/chain/oracle/preferToken.ts';
import { isOracle } from '../../src/chain/oracle/readAuthority.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { readEvidence } from '../../src/chain/transactions/receipt.ts';
import { notedTransaction, probeSent, sendOnce, settleOnce } from '../../src/chain/transactions/sendOnce.ts';
import { node } from '../../src/chain/transactions/sendSteps.ts';
import type { Call } from '../../src/chain/transactions/transaction.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { ProbeAnswer, Step, StepContext } from '../../src/runbook/define.ts';
import { block, pass, warn } from '../../src/runbook/preflight.ts';
import { count } from '../../src/text/format.ts';
import {
  authorised,
  cutOff,
  funded,
  generated,
  needKey,
  type RotateFacts,
  readKeyOfRun,
  since,
  undoAuthorise,
} from './rotate-key.data.ts';

/** Funds for fees. On Tempo a transfer of the fee token: Tempo rejects transactions with a value. */
export function fund(facts: RotateFacts): Step {
  const { funding } = facts;
  if (funding === null) throw new Error('nothing to fund');
  const to = facts.newAddress ?? '$NEW_ORACLE_ADDRESS';
  return funded.define({
    title: `fund the new address with ${funding.words}${funding.token === null ? '' : ', and have it pay its fees in that'}`,
    command:
      funding.token === null
        ? `cast send ${to} --value ${funding.amount} ${node} --account admin`
        : `cast send ${funding.token} "transfer(address,uint256)" ${to} ${funding.amount} ${node} --account admin`,
    runs: 'here',
    effect: 'reversible',
    afterwards: 'kept for the next rotation',
    probe: (ctx) => probeNoted(ctx, funded.id),
    run: async (ctx) => {
      const { address, key } = needKey(ctx, 'new');
      const sent = await send(ctx, facts, fundingCall(funding, address), funded.id);
      if (funding.token !== null) await preferToken(ctx, { key, token: funding.token });
      return sent;
    },
  });
}

/** Where every holder of ORACLE may sign, the old key stays valid. Where the contract has one oracle, it ends here. */
export function authorise(facts: RotateFacts): Step {
  const cuts = facts.form === 'one-address';
  const to = facts.newAddress ?? '$NEW_ORACLE_ADDRESS';
  const sends = authorised.define({
    title: cuts ? 'authorise the new address; the old key ends at this instant' : 'authorise the new address',
    command: cuts
      ? `cast send $RISK_CONTROLLER_ADDRESS "setOracleAddress(address)" ${to} ${node} --account admin`
      : `cast send $GOVERNANCE_ROLES_ADDRESS "grantRole(bytes32,address)" $ORACLE_ROLE ${to} ${node} --account admin`,
    runs: 'here',
    // Authorising twice has the same effect as once.
    once: [],
    effect: facts.compromised ? 'final' : 'reversible',
    ...(facts.compromised
      ? { afterwards: 'the old key stays revoked' }
      : { undoTitle: cuts ? 'authorise the old address' : 'revoke the new address' }),
    probe: (ctx) => probeNoted(ctx, authorised.id),
    run: async (ctx) => {
      const oracle = needKey(ctx, 'new').address;
      const { address: to, data } = await resolveIntent(ctx.chain(), { intent: 'authoriseOracle', oracle });
      const moment = cuts ? await sinceNow(ctx) : undefined;
      const sent = await send(ctx, facts, { to, data }, authorised.id);
      return { ...sent, ...(moment === undefined ? {} : { since: moment }) };
    },
  });
  if (facts.compromised) return sends;
  return {
    ...sends,
    undo: async (ctx) => {
      const signed = notedTransaction(ctx, authorised.id);
      const oracle = readKeyOfRun(ctx, 'new')?.address;
      if (signed === undefined || oracle === undefined) return;
      // The transaction may still be pending. A later transaction must reverse it.
      const undecided = await settleOnce(ctx, signed, { note: authorised.id }).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof TvError)) throw error;
          // Proven to have had no effect, now or later.
          return notedTransaction(ctx, authorised.id) === undefined ? undefined : error;
        },
      );
      const known = notedTransaction(ctx, undoAuthorise) !== undefined;
      const back = cuts
        ? await isOracle(ctx.chain(), facts.oldAddress)
        : !(await isOracle(ctx.chain(), oracle));
      // The state at an old block is no proof that nothing has to be undone.
      if (!known && back && (await readStaleHead(ctx)) === undefined) {
        if (undecided !== undefined) throw undecided;
        return;
      }
      const { address: to, data } = await resolveIntent(
        ctx.chain(),
        cuts ? { intent: 'authoriseOracle', oracle: facts.oldAddress } : { intent: 'revokeOracle', oracle },
      );
      await send(ctx, facts, { to, data }, undoAuthorise);
    },
    checkUndone: (ctx) =>
      ofCurrentState(ctx, async () => {
        const made = generated.result(ctx)?.address;
        const account = cuts ? facts.oldAddress : (facts.newAddress ?? made);
        if (account === undefined)
          throw new TvError('journal.damaged', 'the journal does not hold the new address');
        const holds = await readUntil(
          ctx,
          () => isOracle(ctx.chain(), account),
          (value) => value === cuts,
        );
        const words = `${account} is ${holds ? '' : 'not '}authorised as oracle`;
        if (holds !== cuts) return block(`${words}, unlike before the run`);
        const signed = notedTransaction(ctx, undoAuthorise);
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

/** A compromised key is revoked before any other change. */
export function cut(facts: RotateFacts): Step {
  const oracle = facts.oldAddress;
  return cutOff.define({
    title: `revoke ${oracle} at once`,
    command: `cast send $GOVERNANCE_ROLES_ADDRESS "revokeRole(bytes32,address)" $ORACLE_ROLE ${oracle} ${node} --account admin`,
    runs: 'here',
    effect: 'final',
    probe: (ctx) => probeNoted(ctx, cutOff.id),
    run: async (ctx) => {
      const { address: to, data } = await resolveIntent(ctx.chain(), { intent: 'revokeOracle', oracle });
      const moment = await sinceNow(ctx);
      return { ...(await send(ctx, facts, { to, data }, cutOff.id)), since: moment };
    },
  });
}

/** `begun` where a transaction is noted: running the step again looks that transaction up and returns its receipt. */
async function probeNoted(ctx: StepContext, note: string): Promise<ProbeAnswer> {
  return notedTransaction(ctx, note) === undefined ? 'not-done' : probeSent(ctx, note);
}

/** The present moment, or the one noted by an earlier attempt. */
function sinceNow(ctx: StepContext): Promise<string> {
  return since.once(ctx, () => ctx.clock.now().toISOString());
}

function send(ctx: StepContext, { sender }: RotateFacts, call: Call, note: string) {
  const { role, from, feeToken } = sender;
  return sendOnce(ctx, { role, from, calls: [call], feeToken: feeToken ?? undefined, note });
}
