import { existsSync, renameSync } from 'node:fs';
import * as z from 'zod';
import { ofCurrentState, readStaleHead } from '../../src/chain/currentState.ts';
import { changedSince, recordsEffect, sinceFacts } from '../../src/chain/intents/effects.ts';
import type { IntentRequest } from '../../src/chain/intents/intent.ts';
import { judgeReceipts } from '../../src/chain/intents/judgeReceipts.ts';
import { resolveIntent, resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import type { FoundSignal } from '../../src/chain/oracle/awaitSignal.ts';
import { fundingCall, readFunded } from '../../src/chain/oracle/fundAccount.ts';
import { dueAt, readOldKeys, rememberOldKey } from '../../src/chain/oracle/oldKeys.ts';
import { preferToken } from '../../src/chain/oracle/preferToken.ts';
import { isOracle } from '../../src/chain/oracle/readAuthority.ts';
import { checkedAddress } from '../../src/chain/pairs/pair.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { decryptKeystore } from '../../src/chain/signers/decryptKeystore.ts';
import { encryptKeystore } from '../../src/chain/signers/encryptKeystore.ts';
import { readKeyFile, removeKeyFile, writeKeyFile } from '../../src/chain/signers/keyFile.ts';
import { parseKey, placeholderAddress } from '../../src/chain/signers/oracleKey.ts';
import { newKey } from '../../src/chain/signers/oracleSigner.ts';
import { readEvidence } from '../../src/chain/transactions/receipt.ts';
import { notedTransaction, probeSent, sendOnce, settleOnce } from '../../src/chain/transactions/sendOnce.ts';
import { node } from '../../src/chain/transactions/sendSteps.ts';
import type { Call, SentTransaction } from '../../src/chain/transactions/transaction.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import type { Address } from '../../src/config/settings.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { restartUnit } from '../../src/host/restartUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { writeEnvValue } from '../../src/host/writeEnvValue.ts';
import { awaitFirstSignal } from '../../src/operations/oracle/awaitFirstSignal.ts';
import { findCopies, judgeCopies } from '../../src/operations/oracle/findCopies.ts';
import { keyName, readOracleKey } from '../../src/operations/oracle/readOracleKey.ts';
import {
  askKeystorePassword,
  askNewKey,
  assertKeyOfRun,
  keyPlaces,
  needKey,
  readKeyOfRun,
} from '../../src/operations/oracle/runKeys.ts';
import { stoppedMeanwhile } from '../../src/runbook/changes.ts';
import type { Check } from '../../src/runbook/check.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import {
  defineRunbook,
  field,
  type ProbeAnswer,
  type Step,
  type StepContext,
} from '../../src/runbook/define.ts';
import { messageNote } from '../../src/runbook/events.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { during, note, step } from '../../src/runbook/step.ts';
import { ago, count, duration, span } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './rotate-key.byHand.ts';
import { exampleFacts, preflight, type RotateFacts } from './rotate-key.preflight.ts';

const input = {
  fund: field(
    '--fund <amount>',
    'what the new address gets for fees, in whole tokens (default 0.1; on Tempo 10)',
    z.string().optional(),
  ),
  newAddress: field(
    '--new-address <address>',
    'of a key made elsewhere; the key itself is asked for, or taken from TV_NEW_ORACLE_KEY',
    z.string().optional(),
  ),
  compromised: field(
    '--compromised',
    'revoke the old key first; it is not restored',
    z.boolean().default(false),
  ),
  keystoreOut: field(
    '--keystore-out <file>',
    'keep the new key in an encrypted keystore too',
    z.string().min(1).optional(),
  ),
  keystorePasswordFile: field(
    '--keystore-password-file <file>',
    'its password (0600); without it, it is asked for',
    z.string().min(1).optional(),
  ),
  ...unsignedInput,
};

/** From when the old key stops working until the new one is proven. */
const withoutKey = { subject: 'oracle', state: 'WITHOUT a working key' } as const;

type Sent = SentTransaction & {
  /** When the old key stopped working by it, ISO 8601; absent where it did not. */
  readonly since?: string;
};

const generated = step<{ readonly address: Address }>('generate');
const funded = step<SentTransaction>('fund');
const cutOff = step<Sent>('cut');
const authorised = step<Sent>('authorise');
const relayStopped = step<{ readonly unit: string; readonly since: string }>('stop');
const envWritten = step<{ readonly file: string; readonly address: Address }>('env');
const relayStarted = step<{ readonly unit: string; readonly fromBlock: number }>('start');
const accepted = step<FoundSignal & { readonly address: Address; readonly seenAt: string }>('accept');
const forgotten = step<{ readonly old: Address }>('forget');

/** The note of the transaction that undoes `authorise`. */
const undoAuthorise = 'undo-authorise';

/** When the old key stopped working by this step, also where it is resumed. ISO 8601. */
const since = note<string>('since');
/** The first block in which a signal of the new key counts. */
const firstBlock = note<number>('fromBlock');

/** Runbook §4: another key signs the oracle's signals from now on. */
export default defineRunbook<typeof input, RotateFacts, UnsignedTransactions>({
  title: 'Rotate the oracle key',
  summary: 'Replace the oracle key, or roll back',
  section: '4',
  order: 4,
  risk: 'severe',
  description: `
Every 90 days, after a departure, or when the key may be in wrong hands (--compromised). A new key is made,
funded and authorised, put into .env, and proven by its first signal on the chain. If that does not come,
the old key is restored and proven in turn.

Where every holder of ORACLE may sign, the old key stays valid until \`tv oracle revoke-old\`, a day later.
Where the contract knows one oracle only, authorising the new one ends the old one: .env is written before,
so that the time without a working key is as short as a restart.

While a pause stops the signals nothing could prove a key, so that is refused. A compromised key
can be revoked nevertheless (--override paused): the run then stops at the proof, and \`tv resume\` continues
there after the pause.

The new key lies in the state directory (0600) until it is proven; afterwards it is in .env alone. One that
was funded and could not be used stays there, and the next rotation takes it.`,
  byHand,
  examples: [
    {
      what: 'Make a new key, and keep it in a keystore too',
      line: 'tv oracle rotate-key --keystore-out /root/oracle.json',
    },
    { what: 'The old key is known to others: revoke it first', line: 'tv oracle rotate-key --compromised' },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: {
      fund: undefined,
      newAddress: undefined,
      compromised: false,
      keystoreOut: undefined,
      keystorePasswordFile: undefined,
      calldata: false,
      safe: undefined,
    },
  },
  onFailure: 'stop',
  // A transfer of an earlier rotation that was not verified may still arrive at the key of that run.
  concurrency: ({ compromised }) =>
    compromised ? protective('oracle key') : { touches: ['oracle key'], blockedBy: 'any and itself' },
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'Authorise an oracle', async () => {
      if (given.newAddress === undefined) {
        throw new UsageError('usage.missing-value', 'Which address is to be authorised?', {
          next: ['--new-address ADDRESS'],
        });
      }
      return resolveIntents(ctx.chain(), [
        { intent: 'authoriseOracle', oracle: checkedAddress(given.newAddress) },
      ]);
    }),
  preflight,
  basis: ({ form, chainId, oldAddress, newAddress, compromised, funding, sender, unit, keystoreOut }) => ({
    form,
    chainId,
    oldAddress,
    newAddress,
    compromised,
    funding,
    from: sender.from,
    unit,
    keystoreOut,
  }),
  changes: ({ envFile, oldAddress, newAddress, unit, wasActive }) => [
    {
      kind: 'file',
      what: `ORACLE_PRIVATE_KEY in ${envFile}`,
      course: [`the key of ${oldAddress}`, newAddress === null ? 'a new key' : `the key of ${newAddress}`],
    },
    stoppedMeanwhile(unit, wasActive),
  ],
  consequence: ({ oldAddress, form, compromised }) =>
    compromised
      ? `This cuts ${oldAddress} off for good; until the new key signs, there is no oracle.`
      : form === 'role'
        ? `This replaces ${oldAddress}, which stays valid until it is revoked.`
        : `This replaces ${oldAddress}, which ends at that instant.`,
  plan: (facts) => {
    const { form, compromised } = facts;
    const funding = facts.funding === null ? [] : [fund(facts)];
    const untilProven = (open: Step, ...body: readonly Step[]) =>
      during({ ...withoutKey, open, body, close: accept(facts) });
    const swap = [stop(facts), setKey(facts), start(facts)] as const;
    if (form === 'role') {
      // Old and new key overlap, unless the old one is compromised.
      return compromised
        ? [generate(facts), ...untilProven(cut(facts), ...funding, authorise(facts), ...swap), forget(facts)]
        : [generate(facts), ...funding, authorise(facts), ...untilProven(...swap), forget(facts)];
    }
    // Authorising the new key ends the old one.
    const restart = [stop(facts), start(facts)];
    return compromised
      ? [
          generate(facts),
          ...untilProven(authorise(facts), ...funding, setKey(facts), ...restart),
          forget(facts),
        ]
      : [
          generate(facts),
          ...funding,
          setKey(facts),
          ...untilProven(authorise(facts), ...restart),
          forget(facts),
        ];
  },
  verify,
});

/** Before anything else, and on disk: from here on a crash at any point loses neither key. */
export function generate(facts: RotateFacts): Step {
  return generated.define({
    title: facts.newAddress === null ? 'generate the new key' : `take the key of ${facts.newAddress}`,
    command: 'cast wallet new',
    runs: 'here',
    effect: 'reversible',
    undoTitle: 'remove the new key, unless it was funded',
    // Doing it again leaves what is there.
    idempotent: true,
    run: async (ctx) => {
      const places = keyPlaces(ctx);
      if (readKeyOfRun(ctx, 'old') === undefined) {
        const { text, address } = await readOracleKey(ctx);
        if (address !== facts.oldAddress) {
          throw new TvError(
            'signer.other-key',
            'The key in .env is another one than the plan was made for.',
            {
              facts: { planned: facts.oldAddress, found: address },
              next: [{ tv: ['oracle', 'status'] }],
            },
          );
        }
        writeKeyFile(places.old, text);
      }
      if (readKeyOfRun(ctx, 'new') === undefined) await makeNew(ctx, facts, places.new);
      const { key, address } = needKey(ctx, 'new');
      if (facts.keystoreOut !== null) await writeKeystore(ctx, facts, facts.keystoreOut, key);
      return { address };
    },
    undo: async (ctx) => {
      const fresh = readKeyOfRun(ctx, 'new');
      await assertKeyOfRun(ctx, facts);
      if (facts.wasActive && facts.worked) await proveOld(ctx, facts);
      removeKeyFile(keyPlaces(ctx).old);
      // With money on it, or on its way to it, the next rotation takes it.
      if (!(await mayHaveFunds(ctx, facts, fresh?.address))) removeKeyFile(keyPlaces(ctx).new);
    },
    checkUndone: async (ctx) => {
      const places = keyPlaces(ctx);
      if (existsSync(places.old)) {
        return block('the copy of the old key is still in the state directory', {
          facts: { file: places.old },
        });
      }
      return existsSync(places.new)
        ? warn('the new address holds funds, or may receive them: its key is kept for the next rotation', {
            facts: { file: places.new },
          })
        : pass('no key of the run is left in the state directory');
    },
  });
}

/**
 * Whether the only copy of the new key may be needed. That the address holds nothing now says little: the transfer of
 * this run may be pending, or in a block that the node does not show yet, and a key of an earlier run may hold
 * another token.
 */
async function mayHaveFunds(
  ctx: StepContext,
  { funding, reuse }: RotateFacts,
  address: Address | undefined,
): Promise<boolean> {
  if (address === undefined) return false;
  if (reuse !== null) return true;
  const notes = Object.fromEntries(
    ctx.runs
      .read(ctx.runId)
      .flatMap((line) =>
        line.type === 'step.noted' && line.step === funded.id ? [[line.note, line.value]] : [],
      ),
  );
  if (notedTransaction({ notes }, funded.id) !== undefined) return true;
  return funding !== null && (await readFunded(ctx.chain(), funding, address)) > 0n;
}

async function makeNew(ctx: StepContext, facts: RotateFacts, place: string): Promise<void> {
  if (facts.reuse !== null && existsSync(facts.reuse)) {
    renameSync(facts.reuse, place);
    return;
  }
  const key = facts.newAddress === null ? newKey() : await askNewKey(ctx, facts.newAddress);
  ctx.secrets.keep(key);
  // Programs differ in whether they take `0x`; what was there before worked.
  const bare = !needKey(ctx, 'old').text.startsWith('0x');
  writeKeyFile(place, bare ? key.slice(2) : key);
}

async function writeKeystore(
  ctx: StepContext,
  { keystorePasswordFile }: RotateFacts,
  file: string,
  key: `0x${string}`,
): Promise<void> {
  const password = await askKeystorePassword(ctx, keystorePasswordFile);
  const there = readKeyFile(file);
  if (there === undefined) writeKeyFile(file, await encryptKeystore(key, password));
  const read = await decryptKeystore(readKeyFile(file) ?? '', password);
  if (parseKey(read)?.address === parseKey(key)?.address) return;
  throw new TvError('signer.other-key', 'The keystore holds another key.', {
    facts: { file },
    next: ['give another --keystore-out'],
  });
}

/** The old key is back where it was: its next signal shows that it works. */
async function proveOld(ctx: StepContext, facts: RotateFacts): Promise<void> {
  const { number } = await readHead(ctx.chain());
  await awaitFirstSignal(ctx, {
    oracle: facts.oldAddress,
    fromBlock: number + 1,
    limitMs: facts.limitMs,
    unit: facts.unit,
    note: 'until the old key signs again',
  });
  const since = windowStart(ctx.results);
  if (since === undefined) return;
  const time = span(since.getTime(), ctx.clock.now().getTime());
  ctx.note(messageNote, `${time} without a working key, until the old one signed again`);
}

/** Funds for fees. On Tempo a transfer of the fee token: Tempo rejects transactions with a value. */
function fund(facts: RotateFacts): Step {
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
    sends: previewOf(facts, fundingCall(funding, facts.newAddress ?? placeholderAddress), funded.id),
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
    sends: previewOf(facts, facts.calls.authorise, authorised.id),
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
function cut(facts: RotateFacts): Step {
  const oracle = facts.oldAddress;
  return cutOff.define({
    title: `revoke ${oracle} at once`,
    command: `cast send $GOVERNANCE_ROLES_ADDRESS "revokeRole(bytes32,address)" $ORACLE_ROLE ${oracle} ${node} --account admin`,
    runs: 'here',
    effect: 'final',
    sends: previewOf(facts, facts.calls.revoke, cutOff.id),
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

/** The transaction of a step, for the preview of the plan. */
function previewOf(
  { newAddress, sender }: RotateFacts,
  call: Call | null,
  note: string,
): NonNullable<Step['sends']> {
  if (call === null) return unknown('the call is resolved when the step runs');
  const standIn = { address: placeholderAddress, words: 'the new address' };
  return known({ from: sender.from, calls: [call], note, ...(newAddress === null ? { standIn } : {}) });
}

function send(ctx: StepContext, { sender }: RotateFacts, call: Call, note: string) {
  const { role, from, feeToken } = sender;
  return sendOnce(ctx, { role, from, calls: [call], feeToken: feeToken ?? undefined, note });
}

/** When the old key stopped working; undefined where it never did. */
function windowStart(results: StepContext['results']): Date | undefined {
  const times = [cutOff, authorised, relayStopped].flatMap((each) => {
    const began = each.result({ results })?.since;
    return began === undefined ? [] : [Date.parse(began)];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** @throws TvError where the journal does not hold the result of a completed step */
function needResult<R>(result: R | undefined): R {
  if (result === undefined)
    throw new TvError('journal.damaged', 'The journal does not hold the result of a completed step.');
  return result;
}

/** Where .env is written before the stop, undoing that also restarts the relay: see `setKey`. */
const restartsInEnv = ({ form }: RotateFacts) => form === 'one-address';

export function stop(facts: RotateFacts): Step {
  const { unit, wasActive } = facts;
  return relayStopped.define({
    title: 'stop the oracle relay',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: wasActive ? 'start the oracle relay' : 'leave the oracle relay stopped, as it was',
    idempotent: true,
    run: async (ctx) => {
      const moment = await since.once(ctx, () => ctx.clock.now().toISOString());
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, since: moment };
    },
    undo: async (ctx) => {
      if (wasActive && !restartsInEnv(facts)) await restartUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  });
}

export function setKey(facts: RotateFacts): Step {
  const { envFile: path, unit, wasActive } = facts;
  return envWritten.define({
    title: `set ${keyName} in .env to the new key`,
    command: `sed -i "s/^${keyName}=.*/${keyName}=$NEW_ORACLE_KEY/" ${quoteForShell(path)}`,
    effect: 'reversible',
    undoTitle: 'set the old key again',
    probe: async (ctx) => {
      const fresh = readKeyOfRun(ctx, 'new');
      return fresh !== undefined && (await readOracleKey(ctx)).address === fresh.address
        ? 'done'
        : 'not-done';
    },
    run: async (ctx) => {
      const { text, address } = needKey(ctx, 'new');
      await assertKeyOfRun(ctx, facts);
      await writeEnvValue(ctx.host(), { path, key: keyName, value: text });
      return { file: path, address };
    },
    assertUndoable: (ctx) => assertKeyOfRun(ctx, facts),
    undo: async (ctx) => {
      const { text } = needKey(ctx, 'old');
      await assertKeyOfRun(ctx, facts);
      if (parseKey(text)?.address === (await readOracleKey(ctx)).address) return;
      await writeEnvValue(ctx.host(), { path, key: keyName, value: text });
      // systemd may have started it anew meanwhile, with the new key.
      if (restartsInEnv(facts) && wasActive) await restartUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: async (ctx) => {
      const { address } = await readOracleKey(ctx);
      return sameAddress(address, facts.oldAddress)
        ? pass(`${keyName} in .env is the key of ${address}, as before the run`)
        : block(
            `${keyName} in .env is the key of ${address}, and was that of ${facts.oldAddress} before the run`,
          );
    },
  });
}

export function start({ unit, wasActive }: RotateFacts): Step {
  return relayStarted.define({
    title: 'start the oracle relay with the new key',
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: 'stop the oracle relay',
    idempotent: true,
    run: async (ctx) => {
      // Noted before: a signal may be on the chain before the unit counts as started.
      const fromBlock = await firstBlock.once(ctx, async () => (await readHead(ctx.chain())).number + 1);
      await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, fromBlock };
    },
    undo: async (ctx) => {
      const { activeState } = await readUnit(ctx.host(), { unit });
      if (activeState !== 'inactive') await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    // Once the undo of the earlier steps has followed.
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  });
}

/** The proof: a signal on the chain, sent and signed by the new address. */
export function accept(facts: RotateFacts): Step {
  return accepted.define({
    title: `wait at most ${duration(facts.limitMs)} for the new address's first signal on the chain`,
    command: `journalctl -u ${facts.unit} -f`,
    effect: 'reversible',
    afterwards: facts.compromised ? 'the old key is not restored' : 'without it the old key is restored',
    interruptible: true,
    readOnly: true,
    run: async (ctx) => {
      const { address } = needKey(ctx, 'new');
      const { limitMs, unit } = facts;
      const { fromBlock } = needResult(relayStarted.result(ctx));
      const found = await awaitFirstSignal(ctx, { oracle: address, fromBlock, limitMs, unit });
      return { address, seenAt: ctx.clock.now().toISOString(), ...found };
    },
  });
}

/** From here on the new key is in `.env` alone, and the old one in no file of tv's. */
export function forget(facts: RotateFacts): Step {
  return forgotten.define({
    title: 'remove both keys from the state directory, and note when the old one is due',
    command: '# rm new.key old.key, in the folder of this run in the state directory',
    runs: 'here',
    effect: 'final',
    idempotent: true,
    run: async (ctx) => {
      const { address, seenAt } = needResult(accepted.result(ctx));
      if (await isOracle(ctx.chain(), facts.oldAddress)) {
        rememberOldKey(ctx.settings, {
          old: facts.oldAddress,
          replacedBy: address,
          replacedAt: seenAt,
          run: ctx.runId,
        });
      }
      removeKeyFile(keyPlaces(ctx).new);
      removeKeyFile(keyPlaces(ctx).old);
      return { old: facts.oldAddress };
    },
  });
}

/** Reads back from the chain, the host and the disk that the new key works and is in one place alone. */
async function verify(ctx: StepContext, facts: RotateFacts): Promise<readonly Check[]> {
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
    return pass(
      `${span(since.getTime(), Date.parse(seenAt))} without a working key, until the first signal of the new one was seen`,
    );
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
