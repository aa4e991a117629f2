import { existsSync, renameSync } from 'node:fs';
import { readFunded } from '../../../src/chain/oracle/fundAccount.ts';
import { rememberOldKey } from '../../../src/chain/oracle/oldKeys.ts';
import { isOracle } from '../../../src/chain/oracle/readAuthority.ts';
import { readHead } from '../../../src/chain/readHead.ts';
import { decryptKeystore } from '../../../src/chain/signers/decryptKeystore.ts';
import { encryptKeystore } from '../../../src/chain/signers/encryptKeystore.ts';
import { readKeyFile, removeKeyFile, writeKeyFile } from '../../../src/chain/signers/keyFile.ts';
import { newKey, parseKey } from '../../../src/chain/signers/oracleKey.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { toldNote } from '../../../src/runbook/events.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';
import { duration } from '../../../src/text/format.ts';
import { awaitFirstSignal } from '../awaitFirstSignal.ts';
import { readOracleKey } from '../readOracleKey.ts';
import { askKeystorePassword, askNewKey } from './askKey.ts';
import { assertKeyOfRun, keyPlaces, needKey, type RotateFacts, readKeyUnderWay } from './facts.ts';

/** Before anything else, and on disk: from here on a crash at any point loses neither key. */
export function generate(facts: RotateFacts): Step {
  return {
    id: 'generate',
    title: facts.newAddress === null ? 'generate the new key' : `take the key of ${facts.newAddress}`,
    command: 'cast wallet new',
    runs: 'here',
    effect: 'reversible',
    undoTitle: 'remove the new key, unless it was funded',
    // Doing it again leaves what is there.
    probe: async () => 'begun',
    run: async (ctx) => {
      const places = keyPlaces(ctx);
      if (readKeyUnderWay(ctx, 'old') === undefined) {
        const { text, address } = await readOracleKey(ctx);
        if (address !== facts.oldAddress) {
          throw new TvError('The key in .env is another one than the plan was made for.', {
            facts: { planned: facts.oldAddress, found: address },
            next: [{ tv: ['oracle', 'status'] }],
          });
        }
        writeKeyFile(places.old, text);
      }
      if (readKeyUnderWay(ctx, 'new') === undefined) await makeNew(ctx, facts, places.new);
      const { key, address } = needKey(ctx, 'new');
      if (facts.keystoreOut !== null) await writeKeystore(ctx, facts, facts.keystoreOut, key);
      return { address };
    },
    undo: async (ctx) => {
      const fresh = readKeyUnderWay(ctx, 'new');
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
  };
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
  throw new TvError('The keystore holds another key.', {
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
  ctx.note(toldNote, `${duration(ms)} without a working key, until the old one signed again`);
}

/** When the old key stopped working; undefined where it never did. */
export function windowStart(results: StepContext['results']): Date | undefined {
  const times = ['cut', 'authorise', 'stop'].flatMap((id) => {
    const result = results[id] as { since?: string } | null | undefined;
    return result?.since === undefined ? [] : [Date.parse(result.since)];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** The proof: a signal on the chain, sent and signed by the new address. */
export function accept(facts: RotateFacts): Step {
  return {
    id: 'accept',
    title: `wait at most ${duration(facts.limitMs)} for the new address's first signal on the chain`,
    command: `journalctl -u ${facts.unit} -f`,
    effect: 'reversible',
    afterwards: facts.compromised ? 'the old key stays out' : 'without it the old key comes back',
    interruptible: true,
    probe: async () => 'not-done',
    run: async (ctx) => {
      const { address } = needKey(ctx, 'new');
      const { fromBlock } = ctx.results['start'] as { fromBlock: number };
      const { limitMs, unit } = facts;
      const found = await awaitFirstSignal(ctx, { oracle: address, fromBlock, limitMs, unit });
      return { address, seenAt: ctx.clock.now().toISOString(), ...found };
    },
  };
}

/** From here on the new key is in `.env` alone, and the old one in nobody's files of ours. */
export function forget(facts: RotateFacts): Step {
  return {
    id: 'forget',
    title: 'remove both keys from the state directory, and note when the old one is due',
    command: '# rm new.key old.key, in the folder of this run in the state directory',
    runs: 'here',
    effect: 'final',
    probe: async () => 'begun',
    run: async (ctx) => {
      const { address, seenAt } = ctx.results['accept'] as { address: `0x${string}`; seenAt: string };
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
  };
}
