import { ofCurrentState } from '../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../src/chain/intents/effects.ts';
import type { IntentRequest } from '../../src/chain/intents/intent.ts';
import { judgeReceipts } from '../../src/chain/intents/judgeReceipts.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { dueAt, readOldKeys } from '../../src/chain/oracle/oldKeys.ts';
import { isOracle } from '../../src/chain/oracle/readAuthority.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { readKeyFile } from '../../src/chain/signers/keyFile.ts';
import type { SentTransaction } from '../../src/chain/transactions/transaction.ts';
import type { Address } from '../../src/config/settings.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { findCopies, judgeCopies } from '../../src/operations/oracle/findCopies.ts';
import { readOracleKey } from '../../src/operations/oracle/readOracleKey.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { ago, count, duration } from '../../src/text/format.ts';
import {
  accepted,
  authorised,
  cutOff,
  keyPlaces,
  needResult,
  type RotateFacts,
  windowStart,
} from './rotate-key.data.ts';

/** Reads back from the chain, the host and the disk that the new key works and is in one place alone. */
export async function verify(ctx: StepContext, facts: RotateFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const { address, nonce, block: number, seenAt } = needResult(accepted.result(ctx));
  const name = address;

  preflight.check('grant', 'chain', () => receiptOf(ctx, authorised.result(ctx), authorising(address)));
  const isAuthorised = async () => {
    if (await readUntil(ctx, () => isOracle(ctx.chain(), address), Boolean)) {
      return pass(
        `${name} is authorised; its signal with nonce ${nonce} was accepted in block ${count(number)}`,
      );
    }
    const facts = await sinceOf(ctx, authorised.result(ctx), authorising(address));
    return facts === undefined
      ? block(`${name} is not authorised`, { next: [{ tv: ['oracle', 'status'] }] })
      : block(`${name} is not authorised any more`, { facts, next: [{ tv: ['oracle', 'status'] }] });
  };
  preflight.check('signal', 'chain', () => ofCurrentState(ctx, isAuthorised));
  preflight.check('window', 'chain', async () => {
    const since = windowStart(ctx.results);
    if (since === undefined) return pass('the old key worked until the new one did');
    const ms = Date.parse(seenAt) - since.getTime();
    return pass(`${duration(ms)} without a working key, until the first signal of the new one was seen`);
  });
  preflight.check('service', 'host', async () => {
    const { activeState, mainPid } = await readUnit(ctx.host(), { unit: facts.unit });
    return activeState === 'active'
      ? pass(`${facts.unit} active, process ${mainPid}`)
      : block(`${facts.unit} is ${activeState}`, { next: [{ tv: ['oracle', 'recover'] }] });
  });
  preflight.check('key', 'host', async () => {
    const found = await readOracleKey(ctx);
    if (found.address !== address) return block(`.env holds the key of ${found.address}`);
    const places = keyPlaces(ctx);
    const left = Object.values(places).filter((file) => readKeyFile(file) !== undefined);
    if (left.length > 0) return block(`a copy of a key is left in ${left.join(', ')}`);
    const { keystoreOut } = facts;
    return pass(`${name} is in .env${keystoreOut === null ? ' and nowhere else' : ` and in ${keystoreOut}`}`);
  });
  // Where the contract knows one oracle only, authorising the new one has cut the old one off.
  const cuts = facts.compromised && facts.form === 'role';
  if (cuts)
    preflight.check('revoke', 'chain', () => receiptOf(ctx, cutOff.result(ctx), revoking(facts.oldAddress)));
  const mayOldSign = async () => {
    const old = facts.oldAddress;
    const mustBeRevoked = facts.compromised || facts.form === 'one-address';
    const signs = await readUntil(
      ctx,
      () => isOracle(ctx.chain(), facts.oldAddress),
      (may) => !may || !mustBeRevoked,
    );
    if (!signs) return pass(`${old} may not sign any more`);
    if (mustBeRevoked) {
      const since = cuts ? await sinceOf(ctx, cutOff.result(ctx), revoking(facts.oldAddress)) : undefined;
      return block(since === undefined ? `${old} still may sign` : `${old} was revoked, and may sign again`, {
        facts: since ?? {},
        next: [{ tv: ['oracle', 'revoke-old', '--address', facts.oldAddress, '--now'] }],
      });
    }
    const entry = readOldKeys(ctx.settings).find((each) => each.old === facts.oldAddress);
    const due = entry === undefined ? '' : `, due ${ago(dueAt(entry), ctx.clock.now())}`;
    return warn(`old oracle key ${old} still valid${due}`, {
      next: [{ when: 'once it is due', tv: ['oracle', 'revoke-old'] }],
    });
  };
  preflight.check('old', 'chain', () => ofCurrentState(ctx, mayOldSign));
  preflight.check('copies', 'host', async () => {
    const copies = await findCopies(ctx, facts.oldAddress);
    const finding = judgeCopies(copies, '');
    if (copies.found.length === 0) return finding;
    // Where it still may sign, the line above names the command already.
    if (await isOracle(ctx.chain(), facts.oldAddress)) return finding;
    return { ...finding, next: [{ tv: ['oracle', 'revoke-old', '--address', facts.oldAddress] }] };
  });
  return preflight.checks();
}

const authorising = (oracle: Address) => ({ intent: 'authoriseOracle', oracle }) as const;
const revoking = (oracle: Address) => ({ intent: 'revokeOracle', oracle }) as const;

/** The receipt of what a step has sent, and the event in it. */
async function receiptOf(ctx: StepContext, sent: SentTransaction | undefined, intent: IntentRequest) {
  const intents = [await resolveIntent(ctx.chain(), intent)];
  return judgeReceipts(ctx.chain(), { sent: sent === undefined ? [] : [sent], intents, noun: 'accounts' });
}

/** For a state that differs from what a step has brought about: what came after it. */
async function sinceOf(ctx: StepContext, sent: SentTransaction | undefined, wanted: IntentRequest) {
  if (sent === undefined) return undefined;
  const intent = await resolveIntent(ctx.chain(), wanted);
  const since = await changedSince(ctx.chain(), { intent, hash: sent.hash });
  return since === undefined ? undefined : sinceFacts(since, sent.hash);
}
