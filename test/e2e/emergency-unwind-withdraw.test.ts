import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFunctionData, keccak256, stringToHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { count } from '../../src/text/format.ts';
import { type Capital, openCapital, stranger, usd } from '../support/capital.ts';
import { type FaultMode, faultyNode } from '../support/faultyNode.ts';
import { expectAsPreviewed } from '../support/previews.ts';
import { environmentName, keyPassword, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { type Evidence, filesBelow, findSecrets } from '../support/secretSearch.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const confirm = ['--confirm', environmentName] as const;
const toStranger = ['--to', stranger, '--to-again', stranger] as const;
const unwind = ['emergency', 'unwind', '--pair', 'Alpha'] as const;
const everything = [...unwind, '--withdraw', ...toStranger, ...confirm] as const;

type World = ProtocolWorld & { readonly capital: Capital };
let worlds: readonly World[] = [];
const printed: Evidence[] = [];

beforeAll(async () => {
  const combinations = [
    ['tempo', 'compact'],
    ['tempo', 'runbook'],
    ['plain', 'compact'],
    ['plain', 'runbook'],
  ] as const;
  worlds = await Promise.all(
    combinations.map(async ([network, generation]) => {
      const world = await protocolWorld(network, generation, 'separate');
      const tv: ProtocolWorld['tv'] = async (args, options) => {
        const done = await world.tv(args, options);
        printed.push({ place: `output of tv ${args.join(' ')}`, text: done.stdout + done.stderr });
        return done;
      };
      return { ...world, tv, capital: await openCapital(world) };
    }),
  );
});
afterAll(async () => {
  await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
});

const inEach = async (act: (world: World) => Promise<void>) => {
  await Promise.all(
    worlds.map((world) =>
      act(world).catch((error: unknown) => {
        throw new Error(`on ${world.name}`, { cause: error });
      }),
    ),
  );
};

/** As deployed the pause has to end for the withdrawal: two more of the emergency account. */
const expectedSent = ({ generation }: World, withdrawals = 1) => ({
  emergency: generation !== 'runbook' ? 3 : 1,
  manager: withdrawals,
});

describe('tv emergency unwind --withdraw, on both networks and both generations', () => {
  it.each(['unwind:acted', 'unpause:acted', 'withdraw:acted', 'pause:started'])(
    'killed at %s and resumed, has sent each transaction once',
    (place) =>
      inEach(async (world) => {
        const { capital, generation } = world;
        // Where the pause does not block the withdrawal there is no step for it.
        if (generation === 'runbook' && /pause/.test(place)) return;
        await capital.setPaused(false);
        await capital.fill({ deposit: 210n, deploy: 200n, orders: 200n });
        await capital.setPaused(true);
        const before = await capital.places(stranger);
        const sent = await capital.counted(async () => {
          const killed = await world.tv(everything, { env: { TV_FAILPOINT: place } });
          expect(killed.exitCode, killed.stderr).toBe(-1);
          const { exitCode, stderr } = await world.tv(['resume', ...confirm]);
          expect(exitCode, stderr).toBe(0);
          expect(stderr).toMatch(/Done and verified/);
        });
        expect(sent).toEqual(expectedSent(world));
        const after = await capital.places(stranger);
        expect((BigInt(after.recipient) - BigInt(before.recipient) + 500n) / usd).toBe(10n);
        expect([await capital.paused(), after.dex]).toEqual([true, '0']);
      }),
  );

  it('withdraws nothing where nothing is free, and unwinds all the same', () =>
    inEach(async (world) => {
      const { capital } = world;
      await capital.setPaused(false);
      await capital.fill({ deposit: 200n, deploy: 200n, orders: 200n });
      await capital.setPaused(true);
      const sent = await capital.counted(async () => {
        const { exitCode, stderr } = await world.tv(everything);
        expect(exitCode, stderr).toBe(0);
        expect(stderr).toMatch(/nothing can be withdrawn/);
      });
      expect(sent).toEqual({ emergency: 1, manager: 0 });
      expect((await capital.places()).dex).toBe('0');
    }));

  it('unwinds, withdraws what is free of both tokens, and leaves it paused', () =>
    inEach(async (world) => {
      const { capital } = world;
      const { tokenA, tokenB } = capital.pair;
      await capital.setPaused(false);
      await capital.fill({ deposit: 1_000n, deploy: 400n, orders: 300n });
      await capital.operate({ kind: 'deposit', token: tokenB, amount: 50n * usd });
      await capital.setPaused(true);
      const both = () => Promise.all([tokenA, tokenB].map((token) => capital.places(stranger, token)));
      const before = await both();
      let after = before;
      const sent = await capital.counted(async () => {
        const { exitCode, stderr } = await world.tv(everything);
        expect(exitCode, stderr).toBe(0);
        after = await both();
        const screen = stderr.replaceAll(/\s+/g, ' ');
        expect(screen).toMatch(/orders none of these pairs on the DEX any more, 2 were/);
        expect(screen).toMatch(/300 \w+ came back by the receipts/);
        // On top of what earlier tests have left there.
        const { strategy, deployed } = after[0] ?? { strategy: '0', deployed: '0' };
        expect(screen).toContain(`in the strategy: ${BigInt(strategy) / usd} `);
        expect(screen).toContain(`booked as deployed: ${count(BigInt(deployed) / usd)} `);
        expect(screen).toMatch(
          world.generation !== 'runbook' ? /pause paused again, read back/ : /pause paused(?! again)/,
        );
      });
      // On Tempo both withdrawals are one transaction.
      expect(sent).toEqual(expectedSent(world, world.network === 'tempo' ? 1 : 2));
      expect(await capital.paused()).toBe(true);
      const came = after.map(
        ({ recipient }, index) => BigInt(recipient) - BigInt(before[index]?.recipient ?? 0),
      );
      // All but the fee of two minutes: 2 % a year of what the book counts, in the smallest unit.
      expect(came.map((amount) => (amount + 500n) / usd)).toEqual([600n, 50n]);
      // What came back is in the vault, and stays there: the book counts it as deployed.
      const [first, last] = [before[0]?.vault, after[0]?.vault].map((vault) => BigInt(vault ?? 0));
      expect(((last ?? 0n) - (first ?? 0n) + 600n * usd) / usd).toBe(300n);
    }));

  it.each([
    ['nobody to withdraw to', ['--withdraw'], 2, /Withdraw to whom\?/],
    ['a recipient without a withdrawal', [...toStranger], 2, /none is asked for/],
    ['a recipient that nobody knows', ['--withdraw', '--to', stranger], 3, /not on the list/],
    ['to hand it out', ['--withdraw', ...toStranger, '--calldata'], 2, /cannot be signed elsewhere/],
    ['to write it for a Safe', ['--withdraw', ...toStranger, '--safe', 'x'], 2, /cannot be signed elsewhere/],
  ] as const)('refuses %s and sends nothing', async (_, words, code, told) => {
    const [world] = worlds;
    if (world === undefined) throw new Error('no world');
    const sent = await world.capital.counted(async () => {
      const { exitCode, stderr } = await world.tv([...unwind, ...words, ...confirm]);
      expect(stderr).toMatch(told);
      expect(exitCode).toBe(code);
    });
    expect(sent).toEqual({ emergency: 0, manager: 0 });
  });

  it('says that the protocol is open wherever it was cut off in between, until it is paused again', async () => {
    const world = worlds.find(({ network, generation }) => network === 'plain' && generation !== 'runbook');
    if (world === undefined) throw new Error('no world');
    const { capital } = world;
    const { governanceRoles } = world.protocol.deployment.addresses;
    const change = (functionName: 'revokeRole' | 'grantRole') => {
      const args = [keccak256(stringToHex('EMERGENCY')), capital.emergency] as const;
      const data = encodeFunctionData({ abi: governanceRolesAbi, functionName, args });
      const from = world.protocol.deployment.accounts.admin.address;
      return send(world.protocol.url, { from, to: governanceRoles, data });
    };
    const lastLines = (text: string) => text.trimEnd().split('\n').slice(-10).join('\n');
    await capital.setPaused(false);
    await capital.operate({ kind: 'deposit', token: capital.pair.tokenA, amount: 10n * usd });
    await capital.setPaused(true);
    const sent = await capital.counted(async () => {
      const words = ['--token', capital.pair.tokenA, '--amount', '3', ...toStranger];
      const killed = await world.tv(['emergency', 'withdraw', ...words, ...confirm], {
        env: { TV_FAILPOINT: 'unpause:done' },
      });
      expect([killed.exitCode, await capital.paused()]).toEqual([-1, false]);
      const status = await world.tv(['status']);
      expect(status.exitCode).toBe(2);
      expect(status.stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /✖ A run is unfinished: \S+; protocol is OPEN \(not paused\)/,
      );
      // A resume that cannot pause it either.
      await change('revokeRole');
      const failed = await world.tv(['resume', ...confirm]);
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toContain('✖ Until this run is finished: the protocol is OPEN (not paused)');
      await change('grantRole');
      const [run = ''] = / resume (\S+)/.exec(lastLines(failed.stderr))?.slice(1) ?? [];
      expect(lastLines(failed.stderr).replaceAll(/\s+/g, ' ')).toContain(
        `✖ The protocol is OPEN (not paused): ${world.typed} resume ${run} Next: `,
      );
      const undone = await world.tv(['runs', 'undo', run, ...confirm]);
      expect(undone.exitCode, undone.stderr).toBe(0);
      expect(undone.stderr).not.toContain('OPEN (not paused):');
    });
    expect([sent, await capital.paused()]).toEqual([{ emergency: 2, manager: 1 }, true]);
    expect((await world.tv(['status'])).stdout).not.toContain('OPEN');
  });

  it('pays once where the same command is typed again after a kill, and the run is resumed', () =>
    inEach(async (world) => {
      const { capital } = world;
      const { tokenA, tokenB } = capital.pair;
      await capital.setPaused(false);
      for (const token of [tokenA, tokenB])
        await capital.operate({ kind: 'deposit', token, amount: 20n * usd });
      await capital.setPaused(true);
      const withdraw = (token: string) =>
        ['emergency', 'withdraw', '--token', token, '--amount', '7', ...toStranger, ...confirm] as const;
      const open = world.generation !== 'runbook';
      let run = '';
      const sent = await capital.counted(async () => {
        const killed = await world.tv(withdraw(tokenA), { env: { TV_FAILPOINT: 'withdraw:acted' } });
        expect([killed.exitCode, await capital.paused()]).toEqual([-1, !open]);
        const again = await world.tv(withdraw(tokenA));
        expect(again.exitCode, again.stderr).toBe(3);
        [run = ''] = /resume (\S+-emergency-withdraw-\S+)/.exec(again.stderr)?.slice(1) ?? [];
      });
      expect(sent).toEqual({ emergency: open ? 1 : 0, manager: 1 });
      if (open) {
        const runs = async () => (await world.tv(['status'])).stdout.replaceAll(/\s+/g, ' ');
        expect(await runs()).toContain(`unfinished: ${run}; protocol is OPEN (not paused)`);
        // A pause by another account is no part of the run.
        await capital.setPaused(true);
        expect(await runs()).toMatch(
          new RegExp(`! A run is unfinished: ${run} .*! The protocol is PAUSED (?!.*OPEN)`),
        );
        await capital.setPaused(false);
        // Another payment, overruled: its last lines say what the first one has left.
        const overruled = ['--override', 'unfinished-run', '--reason', 'test'];
        const { exitCode, stderr } = await world.tv([...withdraw(tokenB), ...overruled]);
        expect(exitCode, stderr).toBe(0);
        const end = stderr.trimEnd().split('\n').slice(-10).join(' ').replaceAll(/\s+/g, ' ');
        expect(end).toContain(`the protocol is OPEN (not paused): ${run} is unfinished`);
        expect(end).toContain(`resume ${run}`);
      }
      const resumed = await world.tv(['resume', run, ...confirm]);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await capital.paused()).toBe(true);
    }));

  it.each<readonly [FaultMode, number]>([
    ['statusnone', 5],
    ['lagreceipt', 0],
    ['mempool', 0],
    ['sendinternal', 0],
    ['sync4', 0],
    ['sync404', 0],
  ])(
    '10 ordered through a node with %s: paid once, and the screen agrees with the chain',
    async (mode, exit) => {
      const world = worlds.find(({ network }) => network === (mode === 'sync4' ? 'plain' : 'tempo'));
      if (world === undefined) throw new Error('no world');
      const { capital } = world;
      const { tokenA } = capital.pair;
      await using node = await faultyNode(world.protocol.url, mode, { lagMs: 2_500 });
      world.environment('faulty', {
        chain: { id: world.protocol.deployment.chainId, rpcUrls: [node.url], timeoutMs: 5_000 },
        stateDirectory: join(world.home.directory, `state-${mode}`),
      });
      await capital.setPaused(false);
      await capital.operate({ kind: 'deposit', token: tokenA, amount: 10n * usd });
      const before = await capital.places(stranger);
      const words = ['--token', tokenA, '--amount', '10', ...toStranger, '--confirm', 'faulty'];
      const sent = await capital.counted(async () => {
        const done = await world.tv(['-e', 'faulty', 'emergency', 'withdraw', ...words]);
        expect(done.exitCode, done.stderr).toBe(exit);
        const screen = done.stderr.replaceAll(/\s+/g, ' ');
        if (exit === 0)
          return expect(screen).toMatch(/received 10 AlphaUSD: Transfer and Withdrawn in the receipt/);
        expect(screen).toMatch(/whether it succeeded is unknown.*not proven that 0xa0Ee…9720 was paid/);
        expect(screen).not.toMatch(/reverted|as before/);
        // A deposit meanwhile is no part of it.
        await capital.operate({ kind: 'deposit', token: tokenA, amount: 3n * usd });
        const still = await world.tv(['-e', 'faulty', 'resume', '--confirm', 'faulty']);
        expect(still.exitCode, still.stderr).toBe(5);
        node.mode = 'healthy';
        const resumed = await world.tv(['-e', 'faulty', 'resume', '--confirm', 'faulty']);
        expect(resumed.exitCode, resumed.stderr).toBe(0);
        expect(resumed.stderr.replaceAll(/\s+/g, ' ')).toMatch(/received 10 AlphaUSD/);
      });
      // The manager's own deposit is one of them.
      expect(sent.manager).toBe(exit === 0 ? 1 : 2);
      const after = await capital.places(stranger);
      expect(BigInt(after.recipient) - BigInt(before.recipient)).toBe(10n * usd);
    },
  );

  const back = /The steps below are kept; temporary changes were rolled back\. Resume the run\./;
  it.each([
    [
      'before a withdrawal',
      'withdraw',
      'unpause:started@SIGINT',
      0,
      7,
      /All changes of this run were rolled back/,
    ],
    ['before both', 'unwind', 'unpause:started@SIGINT', 0, 7, /All changes of this run were rolled back/],
    ['between two', 'unwind', 'withdraw:started@SIGINT', 1, 7, back],
    [
      'at the last one',
      'unwind',
      'withdraw-2:started@SIGTERM',
      2,
      7,
      /Completed steps are kept\. Resume( or undo)? the run\./,
    ],
  ] as const)('pauses again at once at a signal %s', async (_, command, place, manager, exitCode, told) => {
    const world = worlds.find(({ network, generation }) => network === 'plain' && generation !== 'runbook');
    if (world === undefined) throw new Error('no world');
    const { capital } = world;
    const { tokenA, tokenB } = capital.pair;
    await capital.setPaused(false);
    for (const token of [tokenA, tokenB])
      await capital.operate({ kind: 'deposit', token, amount: 10n * usd });
    await capital.setPaused(true);
    const withdraw = ['emergency', 'withdraw', '--token', tokenA, '--amount', '1', ...toStranger, ...confirm];
    const sent = await capital.counted(async () => {
      const done = await world.tv(command === 'unwind' ? everything : withdraw, {
        env: { TV_FAILPOINT: place },
      });
      expect(done.stderr.replaceAll(/\s+/g, ' ')).toMatch(told);
      expect(done.stderr).not.toContain('OPEN (not paused):');
      expect(done.exitCode, done.stderr).toBe(exitCode);
    });
    expect(sent).toEqual({ emergency: 2, manager });
    expect(await capital.paused()).toBe(true);
    // What was paid is not paid again, and what was rolled back is done anew: the pause ends and begins once more.
    const rest = await capital.counted(async () => {
      if (manager > 0) expect((await world.tv(['resume', ...confirm])).exitCode).toBe(0);
    });
    expect(rest).toEqual({ emergency: manager === 1 ? 2 : 0, manager: manager === 1 ? 1 : 0 });
    expect(await capital.paused()).toBe(true);
    expect((await world.tv(['status'])).stdout).not.toMatch(/unfinished: |OPEN/);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'state directory full, then killed after sending → tv resume finds the journal in its second place, paid once',
    async (context) => {
      const world = worlds.find(({ network, generation }) => network === 'plain' && generation === 'runbook');
      if (world === undefined) throw new Error('no world');
      const { capital, home } = world;
      const [disk, second] = ['full', 'second'].map((name) => join(home.directory, name)) as [string, string];
      for (const directory of [disk, second]) mkdirSync(directory, { mode: 0o700 });
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k,mode=700', 'tmpfs', disk]);
      if (mounted.status !== 0) return context.skip(`cannot mount here: ${mounted.stderr}`);
      try {
        world.environment('full', { stateDirectory: disk });
        const { tokenA } = capital.pair;
        await capital.setPaused(false);
        await capital.operate({ kind: 'deposit', token: tokenA, amount: 10n * usd });
        const env = { TMPDIR: second };
        const before = await capital.places(stranger);
        const sent = await capital.counted(async () => {
          const withdraw = ['emergency', 'withdraw', '--token', tokenA, '--amount', '3', ...toStranger];
          const answer = ['-e', 'full', '--confirm', 'full'];
          const refused = await world.tv(['breaker', 'reset', '--pair', 'Alpha', ...answer], { env });
          expect([refused.exitCode, refused.stderr.replaceAll(/\s+/g, ' ')]).toEqual([
            3,
            expect.stringMatching(/The lock cannot be taken|no journal can be written/),
          ]);
          const killed = await world.tv([...withdraw, ...answer], {
            env: { ...env, TV_FAILPOINT: 'transaction:sent' },
          });
          expect(killed.exitCode, killed.stderr).toBe(-1);
          const screen = killed.stderr.replaceAll(/\s+/g, ' ');
          expect(screen).toContain(`The journal of this run is in ${second}`);
          expect(killed.stderr).toMatch(/keep transaction \{.*"0x[0-9a-f]{200,}"/);
          expect(spawnSync('mount', ['-o', 'remount,size=8m', disk]).status).toBe(0);
          const resumed = await world.tv(['resume', ...answer], { env });
          expect(resumed.exitCode, resumed.stderr).toBe(0);
          expect((await world.tv(['resume', ...answer], { env })).stderr).toContain('nothing to resume');
        });
        expect(sent).toEqual({ emergency: 0, manager: 1 });
        const after = await capital.places(stranger);
        expect(BigInt(after.recipient) - BigInt(before.recipient)).toBe(3n * usd);
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );

  it('every transaction did what its plan had previewed, by its receipt', () =>
    inEach(async (world) => {
      await expectAsPreviewed(join(world.home.directory, 'state'), world.protocol.url, {
        'emergency unwind': 4,
      });
    }));

  it('has left no key and no password in its output, journals and audit log', () => {
    const keys = Object.entries(devAccountIndex).map(([name, index]) => ({
      name,
      value: devPrivateKey(index) as string,
    }));
    const files = worlds.flatMap(({ home }) => filesBelow(join(home.directory, 'state')));
    expect(files.length).toBeGreaterThan(20);
    const secrets = [...keys, { name: 'password', value: keyPassword }];
    expect(findSecrets([...printed, ...files], secrets)).toEqual([]);
  });
});
