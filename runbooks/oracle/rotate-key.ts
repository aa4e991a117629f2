import { existsSync, renameSync } from 'node:fs';
import * as z from 'zod';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { readFunded } from '../../src/chain/oracle/fundAccount.ts';
import { rememberOldKey } from '../../src/chain/oracle/oldKeys.ts';
import { isOracle } from '../../src/chain/oracle/readAuthority.ts';
import { checkedAddress } from '../../src/chain/pairs/pair.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { decryptKeystore } from '../../src/chain/signers/decryptKeystore.ts';
import { encryptKeystore } from '../../src/chain/signers/encryptKeystore.ts';
import { readKeyFile, removeKeyFile, writeKeyFile } from '../../src/chain/signers/keyFile.ts';
import { newKey, parseKey } from '../../src/chain/signers/oracleKey.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { restartUnit } from '../../src/host/restartUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { writeEnvValue } from '../../src/host/writeEnvValue.ts';
import { awaitFirstSignal } from '../../src/operations/oracle/awaitFirstSignal.ts';
import { keyName, readOracleKey } from '../../src/operations/oracle/readOracleKey.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { messageNote } from '../../src/runbook/events.ts';
import { block, pass, warn } from '../../src/runbook/preflight.ts';
import { during } from '../../src/runbook/step.ts';
import { duration } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './rotate-key.byHand.ts';
import { authorise, cut, fund } from './rotate-key.chain.ts';
import {
  accepted,
  askKeystorePassword,
  askNewKey,
  assertKeyOfRun,
  envWritten,
  exampleFacts,
  firstBlock,
  forgotten,
  generated,
  keyPlaces,
  needKey,
  needResult,
  type RotateFacts,
  readKeyOfRun,
  relayStarted,
  relayStopped,
  since,
  windowStart,
  withoutKey,
} from './rotate-key.data.ts';
import { preflight } from './rotate-key.preflight.ts';
import { verify } from './rotate-key.verify.ts';

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
    'cut the old key off first; it is not put back',
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
the old key is put back and proven in turn.

Where every holder of ORACLE may sign, the old key stays valid until \`tv oracle revoke-old\`, a day later.
Where the contract knows one oracle only, authorising the new one ends the old one: .env is written before,
so that the time without a working key is as short as a restart.

While a pause stops the signals nothing could prove a key, so that is refused. A compromised key
can be cut off nevertheless (--override paused): the run then stops at the proof, and \`tv resume\` goes on
there once the pause has ended.

The new key lies in the state directory (0600) until it is proven; afterwards it is in .env alone. One that
was funded and could not be used stays there, and the next rotation takes it.`,
  byHand,
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
  concurrency: ({ compromised }) => (compromised ? protective('oracle key') : { touches: ['oracle key'] }),
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
      const { funding } = facts;
      const funded =
        fresh !== undefined &&
        funding !== null &&
        (await readFunded(ctx.chain(), funding, fresh.address)) > 0n;
      // With money on it the next rotation takes it.
      if (!funded) removeKeyFile(keyPlaces(ctx).new);
    },
    checkUndone: async (ctx) => {
      const places = keyPlaces(ctx);
      if (existsSync(places.old)) {
        return block('the copy of the old key is still in the state directory', {
          facts: { file: places.old },
        });
      }
      return existsSync(places.new)
        ? warn('the new address holds funds, so its key is kept for the next rotation', {
            facts: { file: places.new },
          })
        : pass('no key of the run is left in the state directory');
    },
  });
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
  const ms = ctx.clock.now().getTime() - since.getTime();
  ctx.note(messageNote, `${duration(ms)} without a working key, until the old one signed again`);
}

/** Where .env is written before the stop, taking that back also restarts the relay: see `setKey`. */
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
    afterwards: facts.compromised ? 'the old key stays out' : 'without it the old key comes back',
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
