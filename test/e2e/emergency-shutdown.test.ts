import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFunctionData, keccak256, stringToHex } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { writeFaults } from '../../src/sandbox/services/faults.ts';
import { expectAsPreviewed } from '../support/previews.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { allOff, allOn, type ShutdownWorld, shutdownWorld, units } from '../support/shutdownWorld.ts';
import { throughKills } from '../support/throughKills.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const confirm = ['--confirm', 'sandbox'] as const;
const resume = ['resume', ...confirm];
const words = (text: string) => text.replaceAll(/\s+/g, ' ');
const lastLines = (text: string) => text.trimEnd().split('\n').slice(-10).join('\n');
const deadRpc = ['--set', 'chain.rpcUrls=http://127.0.0.1:1'] as const;

describe('tv emergency shutdown and resume, tempo, contracts as deployed', () => {
  let world: ShutdownWorld;
  let sandbox: TestSandbox;
  const paused = () => world.paused();
  const states = () => world.states();
  const head = () => world.head();
  const sentSince = (block: number) => world.sentSince(block);

  beforeAll(async () => {
    world = await shutdownWorld('tempo', 'full');
    sandbox = world.sandbox;
  });
  afterAll(() => sandbox?.stop());
  beforeEach(() => world.reset());

  it('pauses and stops everything, once, and brings it back', async () => {
    const start = await head();
    const down = await sandbox.tv(['emergency', 'shutdown', '--nginx', ...confirm]);
    expect(down.stderr).toMatch(/safe: paused, read back from RiskController/);
    expect(down.stderr).toMatch(/safe: tempovault-oracle inactive, no process left/);
    expect(down.stderr).toMatch(/nginx: not installed here, left out/);
    expect(down.exitCode).toBe(0);
    expect([await paused(), await states(), await sentSince(start)]).toEqual([true, allOff, 1]);

    const again = await sandbox.tv(['emergency', 'shutdown', ...confirm]);
    expect(again.stderr).toMatch(
      /paused already[\s\S]*Plan \w+: none[\s\S]*safe: paused[\s\S]*Nothing to do: verified/,
    );
    expect([again.exitCode, await sentSince(start)]).toEqual([0, 1]);

    const back = await sandbox.tv(['emergency', 'resume', ...confirm]);
    expect(back.stderr).toMatch(/signal +accepted in block/);
    expect(back.exitCode).toBe(0);
    expect([await paused(), await states()]).toEqual([false, allOn]);
    expect(await sentSince(start)).toBe(2);
  });

  it.each([
    ['each boundary of the pause in turn', ['pause:started', 'transaction:noted', 'pause:acted']],
    ['the sending', ['transaction:sent']],
    ['the end of the pause', ['pause:done']],
    ['each boundary of a service in turn', ['oracle:started', 'oracle:acted']],
    ['the start of another service', ['indexer:started']],
    ['the end of the last service', ['api:done']],
  ])('killed at %s, resumed each time → all off, with one transaction', async (_where, points) => {
    const start = await head();
    const shutdown = ['emergency', 'shutdown', ...confirm];
    const resumed = await throughKills(sandbox.tv, shutdown, { points, resume });
    expect(resumed.stderr).toMatch(/safe: paused/);
    expect(resumed.exitCode).toBe(0);
    expect([await paused(), await states(), await sentSince(start)]).toEqual([true, allOff, 1]);
  });

  it('emergency resume killed at each boundary in turn, resumed each time → all on, with one transaction', async () => {
    await world.setPaused(true);
    await sandbox.systemctl('stop', ...units);
    const start = await head();
    const points = ['api:acted', 'unpause:acted', 'oracle:started', 'signal:started'];
    const resumed = await throughKills(sandbox.tv, ['emergency', 'resume', ...confirm], { points, resume });
    expect(resumed.stderr).toMatch(/Done and verified/);
    expect(resumed.exitCode).toBe(0);
    expect([await paused(), await sentSince(start)]).toEqual([false, 1]);
    expect(await states()).toEqual(allOn);
  });

  it('RPC node dead → services stopped, reported as not paused', async () => {
    const { exitCode, stderr } = await sandbox.tv(['emergency', 'shutdown', ...confirm, ...deadRpc]);
    expect(await states()).toEqual(allOff);
    expect(stderr).toMatch(/safe: tempovault-api inactive/);
    expect(stderr).toMatch(/✖ protocol/);
    expect(exitCode).toBe(1);
    expect(stderr).not.toContain('--calldata');
    expect(lastLines(stderr)).toMatch(
      /✖ The services are stopped, and the protocol is NOT known to be paused:\s/,
    );
    // Bringing it back is no way on while it is not safe: what comes first is the run itself.
    expect(stderr).toMatch(/NOT SAFE: paused state +unknown \(/);
    expect(stderr.slice(stderr.lastIndexOf('Next:'))).toMatch(
      /^Next: tv -e sandbox --set=\S+ resume \S+-shutdown-/,
    );
    expect(stderr).not.toContain('once the cause is gone');
    const status = await sandbox.tv(['status']);
    expect(status.exitCode).toBe(2);
    expect(words(status.stdout)).toMatch(/unfinished: \S+; services are stopped, and the protocol is NOT/);
    // With the node back, the same run ends it; being unfinished it holds up no other emergency.
    const resumed = await sandbox.tv(['resume', ...confirm]);
    expect([resumed.exitCode, await paused()]).toEqual([0, true]);
    // The sandbox's holder of EMERGENCY.
    expect(words((await sandbox.tv(['status'])).stdout)).toMatch(
      /The protocol is PAUSED paused (just now|[^,]+ ago) by 0x7099…79C8, block/,
    );
    expect(words(resumed.stderr)).toMatch(
      /Until this run is finished: the services are stopped, and the protocol is NOT/,
    );
    expect(lastLines(resumed.stderr)).not.toContain('NOT known');
  });

  it('paused before, and the node serves another chain → NOT SAFE, and nothing is signed', async () => {
    await world.setPaused(true);
    const start = await head();
    writeFaults(sandboxPaths(sandbox.dir).faults, [{ mode: 'wrong-chain', id: 1 }]);
    try {
      const { exitCode, stderr } = await sandbox.tv(['emergency', 'shutdown', ...confirm]);
      expect(exitCode, stderr).toBe(1);
      expect(words(stderr)).toContain('NOT SAFE: paused state unknown (the RPC node is on chain 1, not');
      expect(stderr).not.toMatch(/paused already|nothing to do/i);
      expect([await states(), await sentSince(start)]).toEqual([allOff, 0]);
    } finally {
      writeFaults(sandboxPaths(sandbox.dir).faults, []);
    }
    const resumed = await sandbox.tv(['resume', ...confirm]);
    expect([resumed.exitCode, await sentSince(start)], resumed.stderr).toEqual([0, 0]);
  });

  it.each([
    ['full', 'size=4k,mode=700'],
    ['read-only', 'size=64k,mode=700,ro'],
  ] as const)('state directory %s → stops, pauses and verifies, loudly', async (_, options) => {
    const directory = mkdtempSync(join(tmpdir(), 'tv-state-'));
    const [state, second] = ['state', 'second'].map((name) => join(directory, name)) as [string, string];
    for (const each of [state, second]) mkdirSync(each, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', state]);
    // Without the right to mount, what root cannot write either: a file in its place.
    const place = mounted.status === 0 ? state : join(state, 'file', 'state');
    if (mounted.status !== 0) writeFileSync(join(state, 'file'), '');
    try {
      const set = ['--set', `stateDirectory=${place}`];
      const down = await sandbox.tv(['emergency', 'shutdown', ...confirm, ...set], {
        env: { TMPDIR: second },
      });
      expect(down.exitCode, down.stderr).toBe(0);
      expect([await paused(), await states()]).toEqual([true, allOff]);
      expect(words(down.stderr)).toContain(`The journal of this run is in ${second}`);
      expect(down.stderr).toMatch(/keep transaction \{.*"0x[0-9a-f]{200,}"/);
      expect(words(down.stderr)).toContain('Not in the audit log');
    } finally {
      spawnSync('umount', [state]);
      rmSync(directory, { recursive: true });
    }
  });

  it('paused by another account meanwhile → resume finishes it', async () => {
    const failed = await sandbox.tv(['emergency', 'shutdown', ...confirm, ...deadRpc]);
    expect(failed.exitCode).toBe(1);
    await world.setPaused(true);
    const start = await head();
    const { exitCode, stderr } = await sandbox.tv(['resume', ...confirm]);
    expect([exitCode, await sentSince(start)], stderr).toEqual([0, 0]);
  });

  it('interrupted at once says what it leaves, and so does the status after a kill', async () => {
    const place = (at: string) => ({ env: { TV_FAILPOINT: at } });
    const signalled = await sandbox.tv(
      ['emergency', 'shutdown', ...confirm, ...deadRpc],
      place('oracle:started@SIGINT'),
    );
    expect(signalled.exitCode, signalled.stderr).toBe(7);
    expect(lastLines(signalled.stderr)).toContain('NOT known to be paused');
    await world.reset();
    expect((await sandbox.tv(['emergency', 'resume', ...confirm])).exitCode).toBe(0);
    const killed = await sandbox.tv(['emergency', 'shutdown', ...confirm, ...deadRpc], place('oracle:acted'));
    expect(killed.exitCode).toBe(-1);
    const status = await sandbox.tv(['status']);
    expect(words(status.stdout)).toMatch(/services (may be|are) stopped, and the protocol is NOT known/);
    expect((await sandbox.tv(['resume', ...confirm])).exitCode).toBe(0);
    expect((await sandbox.tv(['status'])).stdout).not.toContain('NOT known');
  });

  it.each(['resume', 'shutdown'] as const)(
    'once a later emergency %s is verified, a shutdown that failed half-way is not to be finished',
    async (later) => {
      const failed = await sandbox.tv(['emergency', 'shutdown', ...confirm, ...deadRpc]);
      expect(failed.exitCode).toBe(1);
      const [run = ''] = /resume (\S+-emergency-shutdown-\S+)/.exec(failed.stderr)?.slice(1) ?? [];
      const verified = await sandbox.tv(['emergency', later, ...confirm]);
      expect(verified.exitCode, verified.stderr).toBe(0);
      expect((await sandbox.tv(['status'])).stdout).not.toMatch(/unfinished: /);
      const start = await head();
      const resumed = await sandbox.tv(['resume', run, ...confirm]);
      expect(resumed.exitCode, resumed.stderr).toBe(3);
      expect(resumed.stderr).toMatch(new RegExp(`superseded by +\\S+-emergency-${later}-`));
      expect([await paused(), await sentSince(start)]).toEqual([later === 'shutdown', 0]);
    },
  );

  it('everything restored by another operator → not left unfinished', async () => {
    // Killed earlier, its pause might be signed and not sent: then nothing is known to be restored.
    const killed = await sandbox.tv(['emergency', 'shutdown', ...confirm], {
      env: { TV_FAILPOINT: 'pause:acted' },
    });
    expect(killed.exitCode).toBe(-1);
    await world.reset();
    const back = await sandbox.tv(['emergency', 'resume', ...confirm]);
    expect([back.exitCode, await states()], back.stderr).toEqual([0, allOn]);
    expect((await sandbox.tv(['status'])).stdout).not.toMatch(/unfinished: /);
  });

  it('stops the services although the signer lacks the role', async () => {
    const { accounts, addresses } = world.deployment;
    const role = keccak256(stringToHex('EMERGENCY'));
    const change = (functionName: 'revokeRole' | 'grantRole') =>
      send(world.url, {
        from: accounts.admin.address,
        to: addresses.governanceRoles,
        data: encodeFunctionData({ abi: governanceRolesAbi, functionName, args: [role, world.pauser] }),
      });
    await change('revokeRole');
    try {
      const { exitCode, stderr } = await sandbox.tv(['emergency', 'shutdown', ...confirm]);
      expect(stderr).toMatch(/NOT SAFE: the protocol is not paused/);
      expect([exitCode, await paused(), await states()]).toEqual([1, false, allOff]);
      expect(lastLines(stderr)).toMatch(/for another signer: tv -e sandbox emergency shutdown --calldata/);
      const verification = (text: string) => text.split('\nVerification\n')[1] ?? '';
      expect(verification(stderr)).toMatch(/reason: .*lacks/);
      // Read when the run began, it may be mended by now: the step that is tried again tells its own.
      const resumed = await sandbox.tv(['resume', ...confirm]);
      expect([resumed.exitCode, verification(resumed.stderr)]).toEqual([
        1,
        expect.not.stringMatching(/lacks/),
      ]);
    } finally {
      await change('grantRole');
    }
  });

  it('is not held up by a unit that will not stop', async () => {
    const folder = '/run/systemd/system/tempovault-oracle.service.d';
    const write = `mkdir -p ${folder} && printf '[Unit]\\nRefuseManualStop=yes\\n' >${folder}/stay.conf`;
    await sandbox.inside('sh', '-c', `${write} && systemctl daemon-reload`);
    try {
      const { exitCode, stderr } = await sandbox.tv(['emergency', 'shutdown', ...confirm]);
      expect(stderr).toMatch(/NOT SAFE: tempovault-oracle is active/);
      expect(stderr).toMatch(/safe: tempovault-indexer inactive/);
      expect(exitCode).toBe(1);
      expect([await paused(), await states()]).toEqual([true, ['active', 'inactive', 'inactive']]);
    } finally {
      await sandbox.inside('sh', '-c', `rm -r ${folder} && systemctl daemon-reload`);
    }
  });

  it('kills two units that hang side by side, not one after the other', async () => {
    const folders = units.slice(1).map((unit) => `/run/systemd/system/${unit}.service.d`);
    // What a stop waits for, longer than the grace.
    const write = folders.map(
      (folder) =>
        `mkdir -p ${folder} && printf '[Service]\\nTimeoutStopSec=60\\nExecStop=/bin/sleep 60\\n' >${folder}/hang.conf`,
    );
    await sandbox.inside('sh', '-c', [...write, 'systemctl daemon-reload'].join(' && '));
    try {
      const { exitCode, stdout } = await sandbox.tv(['emergency', 'shutdown', '--json', ...confirm]);
      const events = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(
          (line) =>
            JSON.parse(line) as { type: string; step?: string; durationMs?: number; result?: unknown },
        );
      const find = (type: string, id: string) =>
        events.findIndex((event) => event.type === type && event.step === id);
      const [first, second] = ['indexer', 'api'].map((id) => events[find('step.done', id)]);
      expect([first?.result, second?.result]).toMatchObject([{ killed: true }, { killed: true }]);
      // Both had begun before either had ended, and neither took its own time and that of the other.
      const begun = ['indexer', 'api'].map((id) => find('step.started', id));
      expect(Math.max(...begun)).toBeLessThan(
        Math.min(find('step.done', 'indexer'), find('step.done', 'api')),
      );
      for (const done of [first, second]) expect(done?.durationMs).toBeLessThan(18_000);
      expect([exitCode, await paused(), await states()]).toEqual([0, true, ['inactive', 'failed', 'failed']]);
    } finally {
      await sandbox.inside('sh', '-c', `rm -r ${folders.join(' ')} && systemctl daemon-reload`);
      await sandbox.systemctl('reset-failed');
    }
  });

  it('leaves the protocol alone with --no-pause', async () => {
    const start = await head();
    const { exitCode, stderr } = await sandbox.tv(['emergency', 'shutdown', '--no-pause', ...confirm]);
    expect(stderr).toMatch(/not paused, as asked with --no-pause/);
    expect([exitCode, await paused(), await states(), await sentSince(start)]).toEqual([0, false, allOff, 0]);
  });

  it('every transaction did what its plan had previewed, by its receipt', async () => {
    await expectAsPreviewed(sandboxPaths(sandbox.dir).tvState, world.url, {
      'emergency shutdown': 2,
      'emergency resume': 2,
    });
  });
});
