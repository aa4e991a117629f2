import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFunctionData, parseAbi } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/chain/oracle/diagnose.ts';
import { breakSandbox, healSandbox } from '../../src/sandbox/break.ts';
import { devAccount, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { head, rpc } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
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
import { setPaused } from '../support/setPaused.ts';
import { until } from '../support/until.ts';

const recover = ['oracle', 'recover', '--yes'];
/** Plays no part in TempoVault. */
const bystander = devAccount(9).address;

let worlds: readonly OracleWorld[] = [];
beforeAll(async () => {
  worlds = await Promise.all([oracleWorld('tempo', 'runbook'), oracleWorld('plain', 'full')]);
}, 180_000);
afterAll(() => Promise.all(worlds.map(({ sandbox }) => sandbox.stop())));

/** Of the older contracts a pause stops the vault alone. */
const whereAPauseStopsSignals = () => worlds.filter(({ deployment }) => deployment.generation !== 'runbook');

interface Status {
  readonly level: string;
  readonly pairs: readonly { readonly health: string; readonly ageSeconds: number | null }[];
  readonly samples: readonly {
    readonly id: string;
    readonly level: string;
    readonly summary: string;
    readonly next?: readonly string[];
  }[];
}

async function status(world: OracleWorld, ...words: readonly string[]) {
  const { exitCode, stdout } = await world.tv(['oracle', 'status', '--json', ...words]);
  const { samples, pairs, level } = JSON.parse(stdout) as Status;
  const sample = (id: string) => samples.find((each) => each.id === id) ?? expect.fail(`no line ${id}`);
  return { exitCode, level, pairs, sample, wrong: samples.filter((each) => each.level !== 'ok') };
}

const place = ({ sandbox }: OracleWorld) => ({ dir: sandbox.dir });
const unitProcess = async ({ sandbox }: OracleWorld) =>
  (await sandbox.systemctl('show', '--property=MainPID,ActiveState', oracleUnit)).stdout;

async function broken(world: OracleWorld, fault: string, act: () => Promise<void>): Promise<void> {
  await breakSandbox(place(world), fault);
  try {
    await act();
  } finally {
    await healSandbox(place(world));
  }
}

async function expectAtWork(world: OracleWorld): Promise<void> {
  const before = await signals(world);
  await until(async () => (await signals(world)) > before, { limitMs: 20_000, what: 'a new signal' });
}

describe('tv oracle status', { timeout: 60_000 }, () => {
  it('says of each pair, the process, the key, its fees and its nonce that all is well', () =>
    inWorlds(worlds, async (world) => {
      await expectAtWork(world);
      const { exitCode, pairs, sample, wrong } = await status(world);
      expect(wrong.filter(({ id }) => id !== 'fees')).toEqual([]);
      expect(exitCode).toBe(sample('fees').level === 'ok' ? 0 : 1);
      expect(pairs.map(({ health }) => health)).toEqual(['healthy', 'healthy', 'healthy']);
      const { address } = world.envKey();
      expect(sample('key').summary).toContain(`${address}, which is authorised`);
      expect(sample('fees').summary).toMatch(
        / (PathUSD \(paid its last signal\)|ether), lasts .* a day \(its last \d+ signals\)/,
      );
    }));

  it("takes pairs from the relay's command line where the settings name none", () =>
    inWorlds(worlds.slice(0, 1), async (world) => {
      const config = readFileSync(sandboxPaths(world.sandbox.dir).config, 'utf8');
      const nameless = join(world.sandbox.dir, 'nameless.yaml');
      // The map of pairs with all that is indented below it.
      writeFileSync(nameless, config.replace(/^( +)pairs:\n(?:\1 +.*\n)+/m, ''), { mode: 0o600 });
      const known = async () => {
        const { stdout } = await world.tv(['--config', nameless, 'oracle', 'status', '--json']);
        const { pairs } = JSON.parse(stdout) as {
          pairs: readonly {
            readonly pair: { readonly id: string; readonly name: string | null };
            readonly from: string;
          }[];
        };
        return pairs;
      };
      const running = await known();
      expect(running.map(({ pair }) => pair)).toEqual(
        world.deployment.pairs.map(({ id }) => ({ id, name: null })),
      );
      expect(new Set(running.map(({ from }) => from.replace(/\d+/, 'N')))).toEqual(new Set(['process N']));
      await world.sandbox.systemctl('stop', oracleUnit);
      const stopped = await known();
      expect(stopped.map(({ pair }) => pair)).toEqual(running.map(({ pair }) => pair));
      expect(new Set(stopped.map(({ from }) => from))).toEqual(new Set([`${oracleUnit}.service`]));
      await world.sandbox.systemctl('start', oracleUnit);
    }));

  it('says who else may sign, and what a dead relay is', () =>
    inWorlds(worlds, async (world) => {
      if (world.form === 'role') {
        await world.authorise(bystander);
        const { exitCode, sample } = await status(world);
        expect([exitCode, sample('others').level]).toEqual([1, 'warning']);
        expect(sample('others').summary).toContain(bystander);
        expect(sample('others').next?.join()).toContain('oracle revoke-old --address');
        await world.revoke(bystander);
      }
      await broken(world, 'kill-oracle', async () => {
        // Six minutes, for the chain.
        await rpc(world.url, 'evm_increaseTime', [360]);
        await rpc(world.url, 'evm_mine');
        const { exitCode, pairs, sample } = await status(world);
        expect(exitCode).toBe(2);
        expect(pairs.map(({ health }) => health)).toEqual(['dead', 'dead', 'dead']);
        expect(pairs.every(({ ageSeconds }) => (ageSeconds ?? 0) >= 360)).toBe(true);
        expect([sample('service').level, sample('signals').next]).toEqual([
          'critical',
          ['tv -e sandbox oracle recover'],
        ]);
      });
      await expectAtWork(world);
    }));

  it('names what comes before a restart while the protocol is paused', () =>
    inWorlds(whereAPauseStopsSignals(), async (world) => {
      await setPaused(world, true);
      try {
        await rpc(world.url, 'evm_increaseTime', [360]);
        await rpc(world.url, 'evm_mine');
        const { sample, wrong } = await status(world);
        expect(sample('signals').level).toBe('critical');
        const next = wrong.flatMap((each) => each.next ?? []);
        expect(next).toContain('once the cause is gone: tv -e sandbox emergency resume');
        expect(next).not.toContain('tv -e sandbox oracle recover');
      } finally {
        await setPaused(world, false);
      }
      await world.sandbox.systemctl('restart', oracleUnit);
      await expectAtWork(world);
    }));

  it.each(['stop-rpc', 'html-rpc', 'hang-rpc'])('node away → says what is unknown: %s', (fault) =>
    inWorlds(worlds, async (world) => {
      await broken(world, fault, async () => {
        // Less than the default of 10 s, which would be waited for in full.
        const patience = ['--set', 'chain.timeoutMs=3000'];
        const { exitCode, sample, wrong } = await status(world, ...patience);
        expect(exitCode, JSON.stringify(wrong)).toBe(3);
        const levels = ['chain', 'signals', 'key', 'fees', 'nonce', 'service'].map((id) => sample(id).level);
        expect(levels).toEqual([...Array(5).fill('unknown'), 'ok']);
        const screen = await world.tv(['oracle', 'status', ...patience]);
        expect(screen.stdout.match(/unknown, as for chain/g)?.length).toBeGreaterThan(3);
      });
      await expectAtWork(world);
    }),
  );
});

describe('tv oracle recover', { timeout: 120_000 }, () => {
  it('killed at and inside every step brings a dead relay back, proven by a new signal', () =>
    inWorlds(worlds, async (world) => {
      await broken(world, 'kill-oracle', async () => {
        const before = await signals(world);
        const points = ['stop', 'start', 'follow'].flatMap((step) => [`${step}:started`, `${step}:acted`]);
        const done = await throughKills(world, recover, points, ['resume', '--yes']);
        expect(done.exitCode, done.stderr).toBe(0);
        expect(done.stderr).toMatch(/sent nonce \d+, accepted in block/);
        expect(await signals(world)).toBeGreaterThan(before);
        expect(await unitProcess(world)).toMatch(/ActiveState=active/);
      });
    }));

  it.each([
    {
      cause: 'no fees',
      words: /cannot pay: it has .*, a signal takes/,
      next: /tv (-e \w+ )?oracle fund then: tv (-e \w+ )?oracle recover/,
      impose: (world: OracleWorld) => breakSandbox(place(world), 'drain-oracle'),
      mend: async (world: OracleWorld) => void (await healSandbox(place(world))),
    },
    {
      cause: 'a pause',
      words: /the protocol is paused, and takes no signals/,
      next: /once the cause is gone: tv (-e \w+ )?emergency resume/,
      where: () => whereAPauseStopsSignals(),
      impose: (world: OracleWorld) => setPaused(world, true),
      mend: (world: OracleWorld) => setPaused(world, false),
    },
    {
      cause: 'a key that is not authorised',
      words: /0xa0Ee…9720 is not an authorised oracle; authorised: 0x9965…A4dc/,
      next: /tv (-e \w+ )?oracle rotate-key/,
      impose: async (world: OracleWorld) => world.setEnv('ORACLE_PRIVATE_KEY', devPrivateKey(9)),
      mend: async (world: OracleWorld) => world.setEnv('ORACLE_PRIVATE_KEY', devPrivateKey(5)),
    },
    {
      cause: 'a node that is away',
      words: /✖ chain/,
      next: /Next:/,
      impose: (world: OracleWorld) => breakSandbox(place(world), 'stop-rpc'),
      mend: async (world: OracleWorld) => void (await healSandbox(place(world))),
    },
  ])('changes nothing where a restart cannot help: $cause', ({ words, next, where, impose, mend }) =>
    inWorlds(where?.() ?? worlds, async (world) => {
      await impose(world);
      try {
        const before = await unitProcess(world);
        const blocked = await world.tv(recover);
        expect(blocked.exitCode, blocked.stderr).toBe(3);
        expect(blocked.stderr.replace(/\s+/g, ' ')).toMatch(words);
        expect(blocked.stderr.replace(/\s+/g, ' ')).toMatch(next);
        expect(blocked.stderr).not.toContain('--private-key');
        expect(await unitProcess(world)).toBe(before);
      } finally {
        await mend(world);
      }
      await world.sandbox.systemctl('restart', oracleUnit);
      await expectAtWork(world);
    }),
  );

  it('sees a wrong clock, and does not restart for a stuck transaction', () =>
    inWorlds(worlds, async (world) => {
      const about = { oracle: world.envKey().address, intervalSeconds: 2, feeToken: null };
      // What it has just sent is pending for a moment, as a stuck one would be.
      await world.sandbox.systemctl('stop', oracleUnit);
      const well = await diagnose(world.chain, { ...about, hostTime: new Date(0) });
      expect([well.troubles, well.unknown]).toEqual([[], []]);
      const { timestamp } = await head(world.url);
      const hostTime = new Date((timestamp + 3_600) * 1000);
      const [wrong, ...others] = (await diagnose(world.chain, { ...about, hostTime })).troubles;
      expect([wrong?.id, others]).toEqual(['clock', []]);
      for (const cause of ['the clock is wrong', 'the chain makes no progress', 'the node lags'])
        expect(wrong?.summary).toContain(cause);
      expect(wrong?.summary).toMatch(/the host's clock is (1h 0min|59 min)/);
      await world.sandbox.systemctl('start', oracleUnit);

      await broken(world, 'stuck-nonce', async () => {
        const before = await unitProcess(world);
        const stuck = async () => (await status(world)).sample('nonce').level === 'critical';
        await until(stuck, { limitMs: 30_000, what: 'the stuck transaction to be recognised' });
        const blocked = await world.tv(recover);
        expect(blocked.exitCode, blocked.stderr).toBe(3);
        const words = blocked.stderr.replace(/\s+/g, ' ');
        expect(words).toMatch(/✖ causes a restart cannot help: .* pending, from nonce \d+ on; .*: stuck/);
        expect(words).toMatch(/Next: tv (-e \w+ )?oracle unstick/);
        expect(words).toContain('replacement transaction underpriced');
        expect(await unitProcess(world)).toBe(before);

        const { address, key } = world.envKey();
        const nonce = Number(await rpc(world.url, 'eth_getTransactionCount', [address, 'latest']));
        const points = [
          'replacement:signed',
          'replacement:noted',
          'replacement:sent',
          `replace-${nonce}:acted`,
        ];
        const done = await throughKills(world, ['oracle', 'unstick', '--yes'], points, ['resume', '--yes']);
        expect(done.exitCode, done.stderr).toBe(0);
        const shown = done.stderr.replace(/\s+/g, ' ');
        expect(shown).toMatch(new RegExp(`nonce ${nonce} was used by the replacement 0x\\S+ in block`));
        expect(shown).toMatch(/sent nonce \d+, accepted in block/);
        expect(await unitProcess(world)).toBe(before);
        for (const { text } of world.printed) expect(text).not.toContain(key.slice(2));
        const needless = await world.tv(['oracle', 'unstick', '--yes']);
        expect([needless.exitCode, needless.stderr]).toEqual([3, expect.stringContaining('is not stuck')]);
      });
      // Imposed again at once, as drills do: the chain is left as it was.
      await broken(world, 'stuck-nonce', async () => {});
      const limitOf = async (block: string) =>
        (await rpc<{ gasLimit: string }>(world.url, 'eth_getBlockByNumber', [block, false])).gasLimit;
      expect(await limitOf('latest')).toBe(await limitOf('0x1'));
      await world.sandbox.systemctl('restart', oracleUnit);
      await expectAtWork(world);
    }));

  it('does not take a relay that is active for one that works', () =>
    inWorlds(worlds, async (world) => {
      // It runs, and reaches no node.
      const { units } = sandboxPaths(world.sandbox.dir);
      const folder = join(units, `${oracleUnit}.service.d`);
      const [start = ''] =
        /^ExecStart=.*$/m.exec(readFileSync(join(units, `${oracleUnit}.service`), 'utf8')) ?? [];
      const lost = start.replace('=', '=/usr/bin/env RPC_URL=http://127.0.0.1:9 ');
      mkdirSync(folder);
      writeFileSync(join(folder, 'lost.conf'), `[Service]\nExecStart=\n${lost}\n`);
      await world.sandbox.systemctl('daemon-reload');
      const failed = await world.tv(recover);
      expect(failed.stderr.replace(/\s+/g, ' ')).toMatch(/No signal of 0x9965\S+ was accepted within 36 s/);
      // The last line of the relay's own traceback.
      expect(failed.stderr).toContain('ValueError: HTTP request failed.');
      expect(failed.exitCode).toBe(1);
      expect(await unitProcess(world)).toMatch(/ActiveState=active/);
      rmSync(folder, { recursive: true });
      await world.sandbox.systemctl('daemon-reload');
      await world.sandbox.systemctl('restart', oracleUnit);
      expect((await world.tv(['resume', '--yes'])).exitCode).toBe(0);
    }));
});

describe('tv oracle rotate-key and revoke-old', { timeout: 120_000 }, () => {
  it('hand out what a key elsewhere has to sign, and send nothing', () =>
    inWorlds(worlds, async (world) => {
      const { addresses } = world.deployment;
      const start = (await world.head()) + 1;
      const authorise = await world.tv(['oracle', 'rotate-key', '--new-address', bystander, '--calldata']);
      const [name, to] =
        world.form === 'role'
          ? ['grantRole', addresses.governanceRoles]
          : ['setOracleAddress', addresses.riskController];
      expect(authorise.exitCode, authorise.stderr).toBe(0);
      expect(authorise.stdout).toContain(name);
      expect(authorise.stdout).toContain(to);
      expect(authorise.stdout.toLowerCase()).toContain(bystander.slice(2).toLowerCase());
      const file = join(world.sandbox.dir, 'safe.json');
      const batch = await world.tv(['oracle', 'revoke-old', '--address', bystander, '--safe', file]);
      expect(batch.exitCode, batch.stderr).toBe(0);
      expect(await world.sent(world.admin, start)).toBe(0);
    }));

  it('rotate; and revoke once, killed at and inside every step', () =>
    inWorlds(worlds, async (world) => {
      const old = world.envKey();
      const { envFile } = world.sandbox.info.files;
      const start = (await world.head()) + 1;
      const done = await world.tv(['oracle', 'rotate-key', ...confirm]);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(await world.authorised(world.envKey().address)).toBe(true);
      writeFileSync(`${envFile}.old`, `ORACLE_PRIVATE_KEY=${old.key}\n`);
      const revoke = ['oracle', 'revoke-old', '--now', '--address', old.address, ...confirm];
      const ended = await throughKills(world, revoke, [
        ...['revoke:started', 'transaction:signed', 'transaction:noted', 'revoke:acted'],
        ...['clean:started', 'clean:acted'],
      ]);
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(ended.stderr).toContain('does not hold ORACLE, read back from the registry');
      expect(await world.authorised(old.address)).toBe(false);
      // Funded, authorised, revoked.
      expect(await world.sent(world.admin, start)).toBe(3);
      await expectAtWork(world);
    }));

  it('is refused while the new key does not work', () =>
    inWorlds(worlds, async (world) => {
      await world.sandbox.systemctl('stop', oracleUnit);
      await hold(world);
      const refused = await world.tv(['oracle', 'revoke-old', '--now', '--address', bystander, ...confirm]);
      expect(refused.exitCode, refused.stderr).toBe(3);
      expect(refused.stderr.replace(/\s+/g, ' ')).toMatch(
        /✖ new .*No signal can come: tempovault-oracle is inactive/,
      );
    }));

  it('every transaction did what its plan had previewed, by its receipt', () =>
    inWorlds(worlds, async (world) => {
      await expectAsPreviewed(sandboxPaths(world.sandbox.dir).tvState, world.url, {
        'oracle rotate-key': 1,
        'oracle revoke-old': 1,
      });
    }));
});

/** Gives a bystander the role in the registry, so that there is something to revoke. */
async function hold({ deployment, asAdmin }: OracleWorld): Promise<void> {
  const abi = parseAbi(['function grantRole(bytes32 role, address account)']);
  const role = '0x352d05fe3946dbe49277552ba941e744d5a96d9c60bc1ba0ea5f1d3ae000f7c8';
  const data = encodeFunctionData({ abi, functionName: 'grantRole', args: [role, bystander] });
  await asAdmin({ to: deployment.addresses.governanceRoles, data });
}
