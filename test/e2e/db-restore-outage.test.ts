import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { waitForServer } from '../../src/sandbox/postgres/waitForServer.ts';
import { contentsOf, databasesOf, listed, newestBackup, startTv } from '../support/databaseWorld.ts';
import { closeGate, gateTable, onServer, serverClient } from '../support/restoreGate.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { flat } from '../support/witness.ts';

let sandbox: TestSandbox;
let backup: string;
/** What the backup holds. */
let before: Readonly<Record<string, unknown>>;
let databases: Readonly<Record<string, number>>;

beforeAll(async () => {
  sandbox = await startSandbox();
  // What moves by itself cannot be compared.
  await sandbox.systemctl('stop', 'tempovault-indexer');
  await sandbox.sql(gateTable);
  await onServer(
    sandbox,
    `ALTER DATABASE tempovault SET search_path TO "$user", public`,
    'REVOKE CONNECT ON DATABASE tempovault FROM PUBLIC',
  );
  expect((await sandbox.tv(['db', 'backup'])).exitCode).toBe(0);
  backup = await newestBackup(sandbox);
  before = await contentsOf(sandbox);
}, 180_000);
beforeEach(async () => {
  databases = await databasesOf(sandbox);
});
afterAll(async () => {
  await sandbox?.stop();
});

function restore(...flags: readonly string[]) {
  return ['db', 'restore', backup, ...flags, '--confirm', 'sandbox'];
}

async function startServer(): Promise<void> {
  await sandbox.systemctl('start', 'sandbox-database');
  await waitForServer({
    port: sandbox.info.ports.database,
    superuserPassword: readPassword(sandboxPaths(sandbox.dir), 'postgres'),
  });
}

async function running(): Promise<string> {
  const units = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'];
  return (await sandbox.systemctl('is-active', ...units)).stdout.trim().replaceAll('\n', ' ');
}

/** Resumed to its end: what the backup holds is live, nothing else is left, the services are as before. */
async function expectRestored(...resume: readonly string[]): Promise<void> {
  const done = await sandbox.tv(resume.length === 0 ? ['resume', '--confirm', 'sandbox'] : resume);
  expect(done.stderr).toContain('Done and verified');
  expect(await contentsOf(sandbox)).toEqual(before);
  expect(await running()).toBe('active inactive active');
  await sandbox.tv(['db', 'prune', '--old', '--yes']);
  expect(Object.keys(await databasesOf(sandbox))).toEqual(['tempovault']);
}

describe('tv db restore', () => {
  it('killed inside pg_restore: resume ends the orphan and begins again', async () => {
    await using gate = await closeGate(sandbox);
    const tv = startTv(sandbox, restore());
    const orphan = await gate.waiting();
    tv.kill('SIGKILL');
    await tv;
    // The live one is as before, and the orphan still runs beside it.
    expect(await databasesOf(sandbox)).toMatchObject(databases);
    const resumed = startTv(sandbox, ['resume', '--confirm', 'sandbox']);
    await gate.waiting(orphan);
    const sessions = await sandbox.sql('SELECT FROM pg_stat_activity WHERE pid = $1', [orphan], 'postgres');
    expect(sessions).toEqual([]);
    await gate.open();
    expect((await resumed).exitCode).toBe(0);
    await expectRestored(...restore());
  });

  it('whose pg_restore is killed fails as a whole, and leaves nothing', async () => {
    await using gate = await closeGate(sandbox);
    const tv = startTv(sandbox, restore());
    await gate.waiting();
    await sandbox.inside('pkill', '-KILL', '-f', `pg_restore.*${backup}`);
    const { exitCode, stderr } = await tv;
    expect(stderr).toContain('All changes of this run were rolled back.');
    expect(exitCode).toBe(1);
    expect(await databasesOf(sandbox)).toEqual(databases);
    expect(await running()).toBe('active inactive active');
  });

  it('the server goes in the middle of it: the live database is whole, and resume finishes', async () => {
    await using gate = await closeGate(sandbox);
    const tv = startTv(sandbox, restore());
    await gate.waiting();
    await sandbox.systemctl('stop', 'sandbox-database');
    const { exitCode, stderr } = await tv;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('tv -e sandbox resume');
    await startServer();
    expect(await databasesOf(sandbox)).toMatchObject(databases);
    await expectRestored();
  });

  it("fails as a whole where the server's disk is full, and works once there is room", async () => {
    const full = '/run/full';
    const data = '/run/tempovault-sandbox/postgres/data';
    const inside = async (script: string) =>
      expect(await sandbox.inside('sh', '-c', script)).toMatchObject({ exitCode: 0 });
    await inside(`mkdir -p ${full} && mount -t tmpfs -o size=1g tmpfs ${full}`);
    await inside(`chown --reference=${data} ${full}`);
    await sandbox.systemctl('stop', 'tempovault-api', 'tempovault-oracle');
    await onServer(
      sandbox,
      `CREATE TABLESPACE small LOCATION '${full}'`,
      'ALTER DATABASE tempovault SET TABLESPACE small',
    );
    await sandbox.systemctl('start', 'tempovault-api', 'tempovault-oracle');
    // Room for the live database, which is there by now, and for a second one without rows: PostgreSQL copies
    // its template as sparse files, so that only rows are sure to take what they seem to.
    await inside(`mount -o remount,size=$(( $(df --output=used -k ${full} | tail -1) + 4096 ))k ${full}`);
    const done = await sandbox.tv(restore());
    expect(flat(done.stderr)).toContain('No space left on device');
    expect(done.stderr).toContain('df -h');
    expect(done.stderr).toContain('All changes of this run were rolled back.');
    expect(done.exitCode).toBe(1);
    expect(await databasesOf(sandbox)).toEqual(databases);
    expect(await contentsOf(sandbox)).toEqual(before);
    await inside(`mount -o remount,size=1g ${full}`);
    await expectRestored(...restore());
  });

  it('makes a database anew that is gone, as it was when the backup was made', async () => {
    const properties = `SELECT pg_get_userbyid(datdba) AS owner, (SELECT array_agg(a::text ORDER BY 1) FROM unnest(datacl) a) AS grants,
        (SELECT array_agg(setconfig) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
      FROM pg_database d WHERE datname = 'tempovault'`;
    const was = await sandbox.sql(properties);
    await onServer(sandbox, 'DROP DATABASE tempovault WITH (FORCE)');
    // There is nothing that --in-place could drop.
    const plan = await sandbox.tv([...restore('--in-place'), '--dry-run']);
    expect(flat(plan.stderr)).toContain('there is no database tempovault: it is made anew');
    expect(plan.stdout).toContain('createdb');
    expect(plan.stdout).not.toContain('dropdb');
    expect(plan.exitCode).toBe(0);
    const cut = await sandbox.tv(restore(), { env: { TV_FAILPOINT: 'swap:acted' } });
    expect(cut.exitCode).not.toBe(0);
    await expectRestored();
    expect(await sandbox.sql(properties)).toEqual(was);
  });

  it('brings back the one put aside where the live one is gone', async () => {
    expect((await sandbox.tv(restore())).exitCode).toBe(0);
    await onServer(sandbox, 'DROP DATABASE tempovault WITH (FORCE)');
    expect((await sandbox.tv(['db', 'verify', backup, '--restore'])).exitCode).toBe(0);
    await expectRestored('db', 'restore', '--swap-back', '--confirm', 'sandbox');
    expect(await databasesOf(sandbox)).toEqual(databases);
  });
});

describe('tv db backup', () => {
  it('the server goes in the middle of it: fails as a whole, and leaves nothing', async () => {
    const lock = serverClient(sandbox, 'lock', 'tempovault');
    lock.on('error', () => {});
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE deposits IN ACCESS EXCLUSIVE MODE');
    const tv = startTv(sandbox, ['db', 'backup']);
    const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'tv %-db-backup-%' AND wait_event_type = 'Lock'`;
    await expect
      .poll(async () => (await sandbox.sql<{ n: number }>(waiting))[0]?.n, { timeout: 30_000 })
      .toBeGreaterThan(0);
    await sandbox.systemctl('stop', 'sandbox-database');
    const { exitCode, stderr } = await tv;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('All changes of this run were rolled back.');
    await startServer();
    const { backups, leftovers } = await listed(sandbox);
    expect(backups.map(({ name }) => name)).toEqual([backup]);
    expect(leftovers).toEqual([]);
    expect((await sandbox.tv(['db', 'backup'])).exitCode).toBe(0);
  });
});

describe('tv db verify --restore', () => {
  const marks = async (of = backup) => (await listed(sandbox)).backups.find(({ name }) => name === of)?.marks;
  const scratch = async () =>
    Object.keys(await databasesOf(sandbox)).filter((name) => name.includes('_verify_'));

  it('whose session is ended fails, and says nothing against the backup; what was found before stays', async () => {
    const was = await marks();
    const { dir, info } = sandbox;
    const first = join(sandboxPaths(dir).backup, 'first.sql');
    const dumped = await sandbox.inside(
      ...['env', `PGPASSFILE=${sandboxPaths(dir).passwords}`, 'pg_dump', '-T', 'gate', '-f', first],
      ...['-h', '127.0.0.1', '-p', String(info.ports.database), '-U', 'postgres', 'tempovault'],
    );
    expect(dumped.exitCode).toBe(0);
    await using gate = await closeGate(sandbox);
    const tv = startTv(sandbox, ['db', 'verify', '--all', '--restore']);
    const pid = await gate.waiting();
    await sandbox.sql('SELECT pg_terminate_backend($1)', [pid], 'postgres');
    const { exitCode, stderr } = await tv;
    expect(flat(stderr)).toContain('terminating connection');
    expect(flat(stderr)).toContain('Completed steps are kept');
    expect(stderr).not.toMatch(/undone|rolled back/);
    expect(exitCode).toBe(1);
    expect(await marks()).toEqual(was);
    expect(await marks('first.sql')).toMatchObject({ verified: { how: 'restored', problems: [] } });
    expect(await scratch()).toEqual([]);
    await gate.open();
    expect((await sandbox.tv(['resume'])).exitCode).toBe(0);
    rmSync(first);
  });

  it('the server goes in the middle of it: fails, says nothing against the backup, and is resumed', async () => {
    const was = await marks();
    await using gate = await closeGate(sandbox);
    const tv = startTv(sandbox, ['db', 'verify', backup, '--restore']);
    await gate.waiting();
    await sandbox.systemctl('stop', 'sandbox-database');
    expect((await tv).exitCode).toBe(1);
    await startServer();
    expect(await marks()).toEqual(was);
    expect((await sandbox.tv(['resume'])).exitCode).toBe(0);
    expect((await marks())?.verified).toMatchObject({ how: 'restored', problems: [] });
    expect(await scratch()).toEqual([]);
  });
});
