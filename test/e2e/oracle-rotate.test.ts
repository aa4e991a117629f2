import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { newKey } from '../../src/chain/signers/oracleSigner.ts';
import { devAccount } from '../../src/sandbox/chain/devAccounts.ts';
import { type Hex, rpc, send } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { short } from '../../src/text/format.ts';
import {
  confirm,
  inWorlds,
  type OracleWorld,
  oracleUnit,
  oracleWorld,
  signals,
  throughKills,
} from '../support/oracleWorld.ts';
import { expectAsPreviewed } from '../support/previews.ts';
import { filesBelow, findSecrets } from '../support/secretSearch.ts';
import { setPaused } from '../support/setPaused.ts';
import { until } from '../support/until.ts';

const rotate = ['oracle', 'rotate-key', ...confirm];
const revoke = ['oracle', 'revoke-old', ...confirm];

let worlds: readonly OracleWorld[] = [];
/** Every key that was ever in a `.env`, by world. */
const keys = new Map<OracleWorld, Set<string>>();

beforeAll(async () => {
  worlds = await Promise.all([oracleWorld('tempo', 'full'), oracleWorld('plain', 'runbook')]);
  for (const world of worlds) keys.set(world, new Set());
}, 180_000);
afterAll(() => Promise.all(worlds.map(({ sandbox }) => sandbox.stop())));

/** The relay still works: the key that is in `.env` signs. */
async function expectAtWork(world: OracleWorld) {
  const { address, key } = world.envKey();
  keys.get(world)?.add(key);
  expect(await world.authorised(address)).toBe(true);
  const before = await signals(world);
  await until(async () => (await signals(world)) > before, { limitMs: 20_000, what: 'a new signal' });
  return address;
}

describe('tv oracle rotate-key', { timeout: 120_000 }, () => {
  it('proves a new key, which is in .env alone; the old one is revoked a day later', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      keys.get(world)?.add(old.key);
      const { envFile } = world.sandbox.info.files;
      const start = (await world.head()) + 1;
      const done = await world.tv(rotate);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(done.stderr).toMatch(/[\d.]+ s without a working key/);

      const fresh = world.envKey();
      expect(fresh.address).not.toBe(old.address);
      expect(done.stderr).toContain(`${short(fresh.address, false)} is in .env and nowhere else`);
      expect(await expectAtWork(world)).toBe(fresh.address);
      // One to fund, one to authorise.
      expect(await world.sent(world.admin, start)).toBe(2);
      expect(world.keyFiles()).toEqual([]);

      // The old key, where an editor and a person have left it.
      const clean = readFileSync(envFile, 'utf8');
      writeFileSync(envFile, `# until today: ${old.key}\n${clean}`);
      writeFileSync(`${envFile}.bak`, `ORACLE_PRIVATE_KEY=${old.key}\nSTART_BLOCK=1\n`);
      const valid = world.form === 'role';
      expect(await world.authorised(old.address)).toBe(valid);
      const status = await world.tv(['status']);
      expect(/Old oracle key 0x\w+…\w+ still valid, due in/.test(status.stdout.replaceAll(/\s+/g, ' '))).toBe(
        valid,
      );
      const oracle = await world.tv(['oracle', 'status']);
      expect(oracle.stdout).toContain(`${short(fresh.address, false)}, which is authorised`);
      expect(/old oracle key 0x\w+…\w+ still valid/.test(oracle.stdout)).toBe(valid);
      const recovered = await world.tv(['oracle', 'recover', '--yes']);
      expect(recovered.exitCode, recovered.stderr).toBe(0);
      expect(recovered.stderr).toMatch(/sent nonce \d+, accepted in\s+block/);
      const early = await world.tv(revoke);
      expect(early.exitCode, early.stderr).toBe(valid ? 3 : 2);
      expect(early.stderr).toMatch(valid ? /due in 23h \d+min/ : /No rotation of tv has left an old key/);

      const ended = await world.tv([...revoke, '--now', '--address', old.address]);
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(await world.authorised(old.address)).toBe(false);
      expect(readFileSync(envFile, 'utf8')).toBe(clean);
      expect(readFileSync(`${envFile}.bak`, 'utf8')).toBe('START_BLOCK=1\n');
      rmSync(`${envFile}.bak`);
      // The first oracle also holds the role in the registry, where that does not count.
      expect(await world.sent(world.admin, start)).toBe(3);
      expect((await world.tv(['status'])).stdout).not.toMatch(/old\s+oracle\s+key/i);
      expect(await expectAtWork(world)).toBe(fresh.address);
    }));

  it('killed at and inside every step ends as if it had not been, with one transaction for each intent', () =>
    inWorlds(worlds, async (world) => {
      const at = (step: string) => [`${step}:started`, `${step}:acted`];
      const sent = (step: string, ...more: readonly string[]) => [
        ...[`${step}:started`, `${step}:signed`, `${step}:noted`],
        ...[...more, `${step}:acted`],
      ];
      const money = sent('fund', ...(world.form === 'role' ? ['prefer:signed', 'prefer:noted'] : []));
      const swap =
        world.form === 'role'
          ? [...sent('authorise'), ...at('stop'), ...at('env')]
          : [...at('env'), ...sent('authorise'), ...at('stop')];
      const points = [...at('generate'), ...money, ...swap, ...['start', 'accept', 'forget'].flatMap(at)];
      const old = world.envKey();
      const start = (await world.head()) + 1;
      const done = await throughKills(world, rotate, points);
      expect(done.exitCode, done.stderr).toBe(0);
      const fresh = await expectAtWork(world);
      expect(fresh).not.toBe(old.address);
      expect(await world.sent(world.admin, start)).toBe(2);
      expect(world.keyFiles()).toEqual([]);
      await world.revoke(old.address);
      if (world.form === 'one-address') await world.authorise(fresh);
    }));

  it('killed right after each transaction has left sends it no second time', () =>
    inWorlds(worlds, async (world) => {
      const start = (await world.head()) + 1;
      const done = await throughKills(world, rotate, ['fund:sent', 'authorise:sent']);
      expect(done.exitCode, done.stderr).toBe(0);
      await expectAtWork(world);
      expect(await world.sent(world.admin, start)).toBe(2);
    }));

  it('takes a key made elsewhere, keeps it in a keystore, and refuses another one', () =>
    inWorlds(worlds, async (world) => {
      const { key, address } = parseKey(newKey()) ?? expect.fail();
      const { dir } = world.sandbox;
      const file = `${dir}/oracle.json`;
      const password = `${dir}/oracle.pass`;
      writeFileSync(password, 'trelvik-71-sombre\n', { mode: 0o600 });
      const args = [...rotate, '--new-address', address, '--keystore-out', file];
      const before = world.envKey();
      const wrong = await world.tv([...args, '--keystore-password-file', password], {
        env: { TV_NEW_ORACLE_KEY: before.key },
      });
      expect([wrong.exitCode, world.envKey().key]).toEqual([3, before.key]);
      expect(wrong.stderr).toContain('That is not the private key of the new address.');

      const done = await world.tv([...args, '--keystore-password-file', password], {
        env: { TV_NEW_ORACLE_KEY: key },
      });
      expect(done.exitCode, done.stderr).toBe(0);
      expect(await expectAtWork(world)).toBe(address);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 3 });
      const again = await world.tv([...rotate, '--keystore-out', file, '--keystore-password-file', password]);
      expect([again.exitCode, world.envKey().key]).toEqual([3, key]);
      rmSync(password);
    }));

  it('cuts a compromised key off before anything else, for good', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const cut = world.form === 'role' ? 'cut' : 'authorise';
      const killed = await world.tv([...rotate, '--compromised'], { env: { TV_FAILPOINT: `${cut}:done` } });
      expect([killed.exitCode, await world.authorised(old.address)]).toEqual([-1, false]);
      expect((await world.tv(['status'])).stdout).toMatch(/oracle\s+is\s+WITHOUT\s+a\s+working\s+key/);
      const undo = await world.tv(['runs', 'undo', lastRun(killed.stderr), ...confirm]);
      expect(undo.exitCode, undo.stderr).toBe(3);
      expect(undo.stderr).toContain('Cannot undo: step 2 is irreversible.');
      const done = await world.tv(['resume', ...confirm]);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(await expectAtWork(world)).not.toBe(old.address);
      expect(await world.authorised(old.address)).toBe(false);
    }));
});

describe('while a pause stops signals', { timeout: 120_000 }, () => {
  it('is refused, with nothing changed; a compromised key is cut off, and the new one proven later', () =>
    inWorlds(
      worlds.filter(({ deployment }) => deployment.generation !== 'runbook'),
      async (world) => {
        const old = world.envKey();
        await setPaused(world, true);
        const start = (await world.head()) + 1;
        try {
          const over = ['--override', 'paused', '--reason', 'a drill'];
          const refused = await world.tv(rotate);
          expect([refused.exitCode, world.envKey().key]).toEqual([3, old.key]);
          expect(refused.stderr).toMatch(/✖ paused/);
          expect(refused.stderr).toMatch(/once the cause is gone: tv (-e sandbox )?emergency resume/);
          const insisted = await world.tv([...rotate, ...over]);
          expect(insisted.exitCode, insisted.stderr).toBe(3);
          const leaked = await world.tv([...rotate, '--compromised']);
          expect(leaked.exitCode, leaked.stderr).toBe(3);
          expect(leaked.stderr).toMatch(/to overrule:\s+tv .*--override paused --reason "…"/);
          expect(await world.sent(world.admin, start)).toBe(0);
          const cutOff = await world.tv([...rotate, '--compromised', ...over]);
          expect(cutOff.exitCode, cutOff.stderr).toBe(1);
          expect(cutOff.stderr.replace(/\s+/g, ' ')).toContain('No signal can come: the protocol is paused');
          expect(await world.authorised(old.address)).toBe(false);
        } finally {
          await setPaused(world, false);
        }
        const done = await world.tv(['resume', ...confirm]);
        expect(done.exitCode, done.stderr).toBe(0);
        expect(await expectAtWork(world)).not.toBe(old.address);
      },
    ));
});

function lastRun(screen: string): string {
  return /^Run (\S+)$/m.exec(screen)?.[1] ?? '';
}

describe('a rotation that fails puts the old key back, and proves it', { timeout: 120_000 }, () => {
  it('where the new key is refused', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const start = (await world.head()) + 1;
      const killed = await world.tv(rotate, { env: { TV_FAILPOINT: 'authorise:done' } });
      expect(killed.exitCode).toBe(-1);
      const [file = ''] = world.keyFiles().filter((name) => name.startsWith('new-'));
      const refused = world.keyIn(file);
      const { stdout } = await world.tv(['oracle', 'status', '--json']);
      const { samples } = JSON.parse(stdout) as {
        samples: readonly { id: string; level: string; summary: string; next?: readonly string[] }[];
      };
      const resume = `tv -e sandbox resume ${lastRun(killed.stderr)}`;
      const unfinished = samples.find(({ id }) => id === 'runs');
      expect([unfinished?.level, unfinished?.next?.[0]]).toEqual([
        world.form === 'role' ? 'warning' : 'critical',
        resume,
      ]);
      const proposed = samples.flatMap((sample) => sample.next ?? []).join('\n');
      expect(proposed).not.toMatch(/oracle (recover|revoke-old|rotate-key)/);
      // Not even for what else is authorised: that is the new key.
      if (world.form === 'role') expect(samples.find(({ id }) => id === 'others')?.next).toEqual([resume]);
      await world.revoke(refused.address);
      const failed = await world.tv(['resume', ...confirm]);
      expect(failed.exitCode, failed.stderr).toBe(1);
      expect(failed.stderr).toMatch(/No signal can come: .* is not an authorised oracle/);
      await expectPutBack(world, old.key, failed.stderr);
      // The money is kept for the next one, and no other user can read the file.
      expect(world.keyFiles()).toHaveLength(1);
      expect(await world.sent(world.admin, start)).toBe(world.form === 'role' ? 3 : 4);
      const next = await world.tv(rotate);
      expect(next.exitCode, next.stderr).toBe(0);
      expect([await expectAtWork(world), world.keyFiles()]).toEqual([refused.address, []]);
      keys.get(world)?.add(refused.key);
    }));

  it('where the service does not start with it, killed at every point of the way back', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const { envFile } = world.sandbox.info.files;
      const start = (await world.head()) + 1;
      await onlyStartsWith(world, envFile);
      try {
        const killed = await world.tv(rotate, { env: { TV_FAILPOINT: 'undo-start:started' } });
        expect([killed.exitCode, world.envKey().key === old.key]).toEqual([-1, false]);
        const back =
          world.form === 'role'
            ? ['env', 'stop', 'authorise', 'generate']
            : ['stop', 'authorise', 'env', 'generate'];
        const failed = await throughKills(
          world,
          ['resume', ...confirm],
          ['undo-start:acted', ...back.flatMap((step) => [`undo-${step}:started`, `undo-${step}:acted`])],
        );
        expect(failed.exitCode, failed.stderr).toBe(0);
        expect(failed.stderr).toMatch(/Undone and verified/);
        expect(await expectAtWork(world)).toBe(old.address);
        // Funded, authorised, and the authorisation undone.
        expect(await world.sent(world.admin, start)).toBe(3);
      } finally {
        await startsWithAny(world);
      }
    }));

  it('is not begun where .env cannot be replaced', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const { envFile } = world.sandbox.info.files;
      const start = await world.head();
      // A file that something is mounted on cannot be replaced.
      await world.sandbox.inside('mount', '--bind', envFile, envFile);
      try {
        const failed = await world.tv(rotate);
        expect(failed.exitCode, failed.stderr).toBe(3);
        expect(failed.stderr.replace(/\s+/g, ' ')).toMatch(
          /\.env cannot be replaced: it is a mount point .*Device or resource busy/,
        );
        expect(failed.stderr).toContain(`umount ${envFile}`);
        expect([world.envKey(), await world.sent(world.admin, start)]).toEqual([old, 0]);
      } finally {
        await world.sandbox.inside('umount', envFile);
      }
    }));

  it('where the new address cannot be funded', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const tooMuch = await world.tv([...rotate, '--fund', '99999999999999']);
      expect(tooMuch.exitCode, tooMuch.stderr).toBe(3);
      expect(tooMuch.stderr).toMatch(/has less than the/);
      // The key that the test before has left with money on it.
      const left = world.keyFiles().length;
      const killed = await world.tv(rotate, { env: { TV_FAILPOINT: 'fund:started' } });
      expect(killed.exitCode).toBe(-1);
      const giveBack = await impoverish(world);
      try {
        const start = (await world.head()) + 1;
        const failed = await world.tv(['resume', ...confirm]);
        expect(failed.exitCode, failed.stderr).toBe(1);
        expect(failed.stderr).toMatch(/✖ 2 {2}fund the new address/);
        await expectPutBack(world, old.key, failed.stderr, false);
        expect([world.keyFiles().length, await world.sent(world.admin, start)]).toEqual([left, 0]);
      } finally {
        await giveBack();
      }
    }));

  /** @param stopped whether the old key had been out of work for a time */
  async function expectPutBack(
    world: OracleWorld,
    key: string,
    screen: string,
    stopped = true,
  ): Promise<void> {
    expect(world.envKey().key).toBe(key);
    expect(screen.replace(/\s+/g, ' ')).toMatch(/[Aa]ll (other )?changes of this run were rolled back/);
    await expectAtWork(world);
    expect(/without a working key/.test(screen)).toBe(stopped);
    if (!stopped) return;
    const [, text = ''] =
      /([\d.]+) s without a working key, until the old one signed again/.exec(screen) ?? [];
    const [, limit = ''] = /wait at most ([\d.]+) s/.exec(screen) ?? [];
    expect(Number(text)).toBeGreaterThan(0);
    expect(Number(text)).toBeLessThan(Number(limit));
  }

  /** Takes from the admin what an oracle is funded with. @returns what gives it back */
  async function impoverish({ url, admin, deployment }: OracleWorld): Promise<() => Promise<void>> {
    const [token] = deployment.tokens;
    if (deployment.network === 'plain' || token === undefined) {
      const had = await rpc<Hex>(url, 'eth_getBalance', [admin, 'latest']);
      await rpc(url, 'anvil_setBalance', [admin, '0x1']);
      return () => rpc(url, 'anvil_setBalance', [admin, had]);
    }
    const bystander = devAccount(9).address;
    const balanceOf = encodeFunctionData({ abi: erc20Abi, functionName: 'balanceOf', args: [admin] });
    const all = BigInt(await rpc<Hex>(url, 'eth_call', [{ to: token.address, data: balanceOf }, 'latest']));
    const move = async (from: Hex, to: Hex) => {
      const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, all] });
      await send(url, { from, to: token.address, data });
    };
    await move(admin, bystander);
    return () => move(bystander, admin);
  }

  /** The relay starts with `.env` as it is now, and fails with any other. */
  async function onlyStartsWith({ sandbox }: OracleWorld, envFile: string): Promise<void> {
    const sum = `${sandbox.dir}/env.sum`;
    const script = [
      `sha256sum ${envFile} >${sum}`,
      `mkdir -p ${dropIns}`,
      `printf '[Service]\\nExecStartPre=+sha256sum --check --quiet ${sum}\\n' >${dropIns}/choosy.conf`,
      'systemctl daemon-reload',
    ].join(' && ');
    expect((await sandbox.inside('sh', '-c', script)).exitCode).toBe(0);
  }

  async function startsWithAny({ sandbox }: OracleWorld): Promise<void> {
    await sandbox.inside('sh', '-c', `rm -r ${dropIns}; systemctl daemon-reload`);
  }
  const dropIns = `/run/systemd/system/${oracleUnit}.service.d`;
});

describe('after all of that', () => {
  it('every transaction did what its plan had previewed, by its receipt', () =>
    inWorlds(worlds, async (world) => {
      await expectAsPreviewed(sandboxPaths(world.sandbox.dir).tvState, world.url, {
        'oracle rotate-key': 6,
        'oracle revoke-old': 1,
      });
    }));

  it('the key is in .env only', () =>
    inWorlds(worlds, async (world) => {
      const { dir, info } = world.sandbox;
      const journal = await world.sandbox.inside('journalctl', '--no-pager', '-o', 'cat');
      const evidence = [
        ...filesBelow(dir, [info.files.envFile]),
        ...world.printed,
        { place: 'the systemd journal', text: journal.stdout },
      ];
      const all = [...(keys.get(world) ?? [])];
      expect(all.length).toBeGreaterThan(5);
      // The first is anvil's: the sandbox has it from its own files.
      const secrets = all.slice(1).map((value, index) => ({ name: `oracle key ${index + 2}`, value }));
      expect(findSecrets(evidence, secrets)).toEqual([]);
    }));
});
