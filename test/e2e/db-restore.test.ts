import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { contentsOf, databasesOf, newestBackup, passwordsOf } from '../support/databaseWorld.ts';
import { sampleProcesses } from '../support/processSampler.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { findSecrets } from '../support/secretSearch.ts';
import { throughKills } from '../support/throughKills.ts';

let sandbox: TestSandbox;
let backup: string;
let before: Readonly<Record<string, unknown>>;

/** The form that the runbook assumes; the other one is in the tests of the backups. */
beforeAll(async () => {
  sandbox = await startSandbox({ schema: 'runbook' });
  // What a restore has to carry over, and nothing that moves by itself.
  await sandbox.systemctl('stop', 'tempovault-indexer');
  await asAdmin(`ALTER DATABASE tempovault SET search_path TO "$user", public`);
  await asAdmin('REVOKE CONNECT ON DATABASE tempovault FROM PUBLIC');
  const { exitCode } = await sandbox.tv(['db', 'backup']);
  expect(exitCode).toBe(0);
  backup = await newestBackup(sandbox);
  before = await contentsOf(sandbox);
  await sandbox.sql('DELETE FROM deposits');
}, 180_000);
afterAll(async () => {
  await sandbox?.stop();
});

async function asAdmin(text: string): Promise<void> {
  const client = admin('postgres');
  await client.connect();
  await client.query(text);
  await client.end();
}

function admin(database: string): Client {
  const { ports } = sandbox.info;
  const password = readPassword(sandboxPaths(sandbox.dir), 'postgres');
  return new Client({ host: '127.0.0.1', port: ports.database, user: 'postgres', password, database });
}

function restore(...flags: readonly string[]) {
  return ['db', 'restore', ...flags, '--confirm', 'sandbox'];
}

async function running(): Promise<readonly string[]> {
  const { stdout } = await sandbox.systemctl(
    'is-active',
    'tempovault-api',
    'tempovault-indexer',
    'tempovault-oracle',
  );
  return stdout.trim().split('\n');
}

async function mainPids(): Promise<string> {
  const { stdout } = await sandbox.systemctl('show', '-p', 'MainPID', 'tempovault-api', 'tempovault-oracle');
  return stdout;
}

async function lastRun(): Promise<string> {
  const { stdout } = await sandbox.tv(['runs', 'list', '--json']);
  return JSON.parse(stdout).runs[0].run;
}

/** The live name leads to a whole database: every table can be read. */
async function assertLive(): Promise<void> {
  const contents = await contentsOf(sandbox);
  expect(Object.keys(contents)).toEqual(Object.keys(before));
}

describe('tv db restore', () => {
  it('restores beside, swaps, keeps the old one; --swap-back and prune --old', async () => {
    const damaged = await contentsOf(sandbox);
    expect(damaged).not.toEqual(before);
    const old = (await databasesOf(sandbox))['tempovault'];
    const sampler = await sampleProcesses();
    const began = performance.now();
    const done = await sandbox.tv(restore(backup));
    const took = (performance.now() - began) / 1000;
    const processes = await sampler.stop();
    expect(done.stderr).toContain('Done and verified');
    expect(done.exitCode).toBe(0);
    expect(await contentsOf(sandbox)).toEqual(before);
    // Stopped before, and so after.
    expect(await running()).toEqual(['active', 'inactive', 'active']);
    const [, seconds] = /the services were down for ([\d.]+) s/.exec(done.stderr) ?? [];
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds)).toBeLessThan(took);
    expect(processes.some((line) => line.includes('pg_restore'))).toBe(true);
    const evidence = [...processes, done.stdout, done.stderr].map((text) => ({
      place: 'process or output',
      text,
    }));
    expect(findSecrets(evidence, passwordsOf(sandbox))).toEqual([]);

    const databases = await databasesOf(sandbox);
    const [kept = ''] = Object.keys(databases).filter((name) => name.startsWith('tempovault_old_'));
    expect(databases[kept]).toBe(old);
    expect(Object.keys(databases)).toHaveLength(2);

    expect((await sandbox.tv(restore('--swap-back'))).exitCode).toBe(0);
    expect((await databasesOf(sandbox))['tempovault']).toBe(old);
    expect(await contentsOf(sandbox)).toEqual(damaged);
    expect((await sandbox.tv(['db', 'prune', '--old', '--yes'])).exitCode).toBe(0);
    expect(await databasesOf(sandbox)).toEqual({ tempovault: old });
  });

  it('killed at each boundary in turn → the live database is whole each time, and resume finishes', async () => {
    await sandbox.sql('DELETE FROM withdrawals');
    const resumed = await throughKills(sandbox.tv, restore(backup), {
      points: ['restore:acted', 'stop:acted', 'swap:started', 'swap:acted', 'start:acted'],
      resume: ['resume', '--confirm', 'sandbox'],
      afterEach: assertLive,
    });
    expect(resumed.stderr).toContain('Done and verified');
    expect(await contentsOf(sandbox)).toEqual(before);
    expect(await running()).toEqual(['active', 'inactive', 'active']);
    const names = Object.keys(await databasesOf(sandbox));
    expect(names.filter((name) => name.includes('_restore_'))).toEqual([]);
    expect((await sandbox.tv(['db', 'prune', '--old', '--yes'])).exitCode).toBe(0);
  });

  it.each(['stop:acted', 'swap:started', 'swap:acted', 'start:acted'])(
    'killed at %s, it can be taken back, also where that is killed too',
    async (place) => {
      const old = await databasesOf(sandbox);
      const cut = await sandbox.tv(restore(backup), { env: { TV_FAILPOINT: place } });
      expect(cut.exitCode).not.toBe(0);
      const undo = ['runs', 'undo', await lastRun(), '--confirm', 'sandbox'];
      await sandbox.tv(undo, { env: { TV_FAILPOINT: 'undo-swap:acted' } });
      await assertLive();
      const undone = await sandbox.tv(undo);
      expect(undone.exitCode, undone.stderr).toBe(place === 'stop:acted' ? 3 : 0);
      expect(await databasesOf(sandbox)).toEqual(old);
      expect(await running()).toEqual(['active', 'inactive', 'active']);
    },
  );

  it('later restore, or old database dropped → undo refused', async () => {
    expect((await sandbox.tv(restore(backup))).exitCode).toBe(0);
    const first = await lastRun();
    // The name of what is put aside is the time to the second.
    const [name] = Object.keys(await databasesOf(sandbox)).filter((each) => each.includes('_old_'));
    await asAdmin(`ALTER DATABASE ${name} RENAME TO ${name?.replace(/\d{6}$/, '000000')}`);
    const undo = () => sandbox.tv(['runs', 'undo', first, '--confirm', 'sandbox']);
    const gone = await undo();
    expect(gone.stderr.replaceAll(/\s+/g, ' ')).toContain('there is nothing to go back to');
    expect(gone.exitCode).toBe(3);
    await asAdmin(`ALTER DATABASE ${name?.replace(/\d{6}$/, '000000')} RENAME TO ${name}`);

    expect((await sandbox.tv(restore(backup))).exitCode).toBe(0);
    const databases = await databasesOf(sandbox);
    const pids = await mainPids();
    const refused = await undo();
    expect(refused.stderr.replaceAll(/\s+/g, ' ')).toContain('another restore has come since');
    expect(refused.exitCode).toBe(3);
    expect([await databasesOf(sandbox), await mainPids()]).toEqual([databases, pids]);
    // The newer one can, and then the older one.
    expect((await sandbox.tv(['runs', 'undo', await lastRun(), '--confirm', 'sandbox'])).exitCode).toBe(0);
    expect((await undo()).exitCode).toBe(0);
    expect(Object.keys(await databasesOf(sandbox))).toEqual(['tempovault']);
  });

  it('client stays connected → rolled back; with --end-sessions it is disconnected', async () => {
    const old = await databasesOf(sandbox);
    const stranger = admin('tempovault');
    const ended = new Promise((resolve) => stranger.on('error', resolve));
    await stranger.connect();
    await stranger.query(
      `SET application_name = 'psql'; BEGIN; LOCK TABLE deposits IN ACCESS EXCLUSIVE MODE`,
    );
    const pids = await mainPids();
    const refused = await sandbox.tv(restore(backup));
    expect(refused.stderr).toContain('Other sessions are connected to the database');
    expect(refused.stderr).toContain('postgres, psql, from 127.0.0.1');
    expect(refused.stderr).toContain('All changes of this run were rolled back.');
    expect(refused.exitCode).toBe(1);
    expect(await databasesOf(sandbox)).toEqual(old);
    // Nothing was stopped for it.
    expect(await mainPids()).toBe(pids);
    expect((await sandbox.tv(restore(backup, '--end-sessions'))).exitCode).toBe(0);
    await ended;
    expect(await contentsOf(sandbox)).toEqual(before);
  });

  it('goes back to the old database where a service does not start, and says what stays down', async () => {
    const old = await databasesOf(sandbox);
    const dropIn = '/run/systemd/system/tempovault-api.service.d/broken.conf';
    const text = '[Service]\\nExecStart=\\nExecStart=/bin/false\\nRestart=no\\n';
    await sandbox.inside('sh', '-c', `mkdir -p $(dirname ${dropIn}) && printf '${text}' > ${dropIn}`);
    await sandbox.systemctl('daemon-reload');
    const failed = await sandbox.tv(restore(backup));
    expect(failed.stderr).toContain('the rollback failed too');
    expect(failed.stderr).toContain('The services may be STOPPED');
    expect(failed.exitCode).toBe(1);
    expect(await databasesOf(sandbox)).toMatchObject(old);
    expect(await running()).toContain('failed');
    await sandbox.inside('sh', '-c', `rm -r $(dirname ${dropIn})`);
    await sandbox.systemctl('daemon-reload');
    const undone = await sandbox.tv(['runs', 'undo', await lastRun(), '--confirm', 'sandbox']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await running()).toEqual(['active', 'inactive', 'active']);
    expect(await databasesOf(sandbox)).toEqual(old);
  });

  it('is not begun while a subscription uses the database, and needs no service that only crashes', async () => {
    const old = await databasesOf(sandbox);
    const client = admin('tempovault');
    await client.connect();
    await client.query(
      `CREATE SUBSCRIPTION upstream CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)`,
    );
    const pids = await mainPids();
    const refused = await sandbox.tv(restore(backup));
    expect(refused.stderr).toContain('subscription upstream');
    expect(refused.exitCode).toBe(3);
    expect([await databasesOf(sandbox), await mainPids()]).toEqual([old, pids]);
    await client.query('ALTER SUBSCRIPTION upstream SET (slot_name = NONE)');
    await client.query('DROP SUBSCRIPTION upstream');
    await client.end();

    const dropIn = '/run/systemd/system/tempovault-oracle.service.d/broken.conf';
    const text =
      '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=\\nExecStart=/bin/false\\nRestart=always\\nRestartSec=1\\n';
    await sandbox.inside('sh', '-c', `mkdir -p $(dirname ${dropIn}) && printf '${text}' > ${dropIn}`);
    await sandbox.systemctl('daemon-reload');
    await sandbox.systemctl('restart', 'tempovault-oracle');
    const done = await sandbox.tv(restore(backup));
    expect(done.stderr).toContain('tempovault-oracle: crashes and is restarted again and again');
    expect(done.stderr).toContain('Done and verified');
    expect(done.exitCode, done.stderr).toBe(0);
    await sandbox.inside('sh', '-c', `rm -r $(dirname ${dropIn})`);
    await sandbox.systemctl('daemon-reload');
    await sandbox.systemctl('restart', 'tempovault-oracle');
  });

  it.each(['drop:acted', 'restore:started@SIGINT', 'start:started'])(
    'in place, interrupted at %s → undo refused, resume restores everything',
    async (place) => {
      const cut = await sandbox.tv(restore(backup, '--in-place'), { env: { TV_FAILPOINT: place } });
      expect(cut.exitCode).not.toBe(0);
      expect(cut.stderr).not.toContain('runs undo');
      const undone = await sandbox.tv(['runs', 'undo', await lastRun(), '--confirm', 'sandbox']);
      expect(undone.exitCode).toBe(3);
      const resumed = await sandbox.tv(['resume', '--confirm', 'sandbox']);
      expect(resumed.stderr).toContain('Done and verified');
      expect(await contentsOf(sandbox)).toEqual(before);
      expect(await running()).toEqual(['active', 'inactive', 'active']);
      const after = await sandbox.tv(['runs', 'undo', await lastRun(), '--confirm', 'sandbox']);
      expect(after.stderr).toContain('Cannot undo: step 3 is irreversible.');
      expect(after.stderr).toMatch(/^ {2}command {2}dropdb tempovault$/m);
      expect(after.exitCode).toBe(3);
      expect(await running()).toEqual(['active', 'inactive', 'active']);
    },
  );

  it('in place, cut off after the drop: another restore supersedes it, and starts what it stopped', async () => {
    const cut = await sandbox.tv(restore(backup, '--in-place'), { env: { TV_FAILPOINT: 'drop:acted' } });
    expect(cut.exitCode).not.toBe(0);
    const first = await lastRun();
    const half = `tempovault_restore_${first.slice(0, 15).replace('-', '_')}_${first.slice(-4)}`;
    await asAdmin(`CREATE DATABASE ${half}`);
    const again = await sandbox.tv(restore(backup));
    expect(again.stderr).toContain('Done and verified');
    expect(again.stderr.replace(/\s+/g, ' ')).toMatch(/tempovault-api.*: stopped by a restore that was not/);
    expect(await contentsOf(sandbox)).toEqual(before);
    expect(await running()).toEqual(['active', 'inactive', 'active']);
    expect(Object.keys(await databasesOf(sandbox))).not.toContain(half);
    const { stdout } = await sandbox.tv(['runs', 'show', first, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ unfinished: false, supersededBy: await lastRun(), left: [] });
  });
});
