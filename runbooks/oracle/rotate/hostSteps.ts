import { readHead } from '../../../src/chain/readHead.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { parseKey } from '../../../src/chain/signers/oracleKey.ts';
import { checkUnitsAsBefore } from '../../../src/host/checkAsBefore.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { restartUnit } from '../../../src/host/restartUnit.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import { writeEnvValue } from '../../../src/host/writeEnvValue.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { keyName, readOracleKey } from '../readOracleKey.ts';
import { assertKeyOfRun, needKey, type RotateFacts, readKeyUnderWay, withoutKey } from './facts.ts';

/** Where .env is written before the stop, taking that back also restarts the relay: see `setKey`. */
const restartsInEnv = ({ form }: RotateFacts) => form === 'one-address';

export function stop(facts: RotateFacts): Step {
  const { unit, wasActive } = facts;
  return {
    id: 'stop',
    title: 'stop the oracle relay',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: wasActive ? 'start the oracle relay' : 'leave the oracle relay stopped, as it was',
    leaves: withoutKey,
    probe: async () => 'begun',
    run: async (ctx) => {
      const noted = ctx.notes['since'];
      const since = typeof noted === 'string' ? noted : ctx.clock.now().toISOString();
      if (noted === undefined) ctx.note('since', since);
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, since };
    },
    undo: async (ctx) => {
      if (wasActive && !restartsInEnv(facts)) await restartUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}

export function setKey(facts: RotateFacts): Step {
  const { envFile: path, unit, wasActive } = facts;
  return {
    id: 'env',
    title: `set ${keyName} in .env to the new key`,
    command: `sed -i "s/^${keyName}=.*/${keyName}=$NEW_ORACLE_KEY/" ${quoteForShell(path)}`,
    effect: 'reversible',
    undoTitle: 'set the old key again',
    probe: async (ctx) => {
      const fresh = readKeyUnderWay(ctx, 'new');
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
  };
}

export function start({ unit, wasActive }: RotateFacts): Step {
  return {
    id: 'start',
    title: 'start the oracle relay with the new key',
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: 'stop the oracle relay',
    probe: async () => 'begun',
    run: async (ctx) => {
      const noted = ctx.notes['fromBlock'];
      const fromBlock = typeof noted === 'number' ? noted : (await readHead(ctx.chain())).number + 1;
      // Noted before: a signal may be there before the unit counts as started.
      if (noted === undefined) ctx.note('fromBlock', fromBlock);
      await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, fromBlock };
    },
    undo: async (ctx) => {
      const { activeState } = await readUnit(ctx.host(), { unit });
      if (activeState !== 'inactive') await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    // Once the undo of the earlier steps has followed.
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}
