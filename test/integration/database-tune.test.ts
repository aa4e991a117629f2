import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { readRunning } from '../../src/database/statements/readRunning.ts';
import { readStatements } from '../../src/database/statements/readStatements.ts';
import { alterSystem, readSystemSettings } from '../../src/database/tuning/alterSystem.ts';
import { checkTuneRights } from '../../src/database/tuning/checkTuneRights.ts';
import { readFileErrors } from '../../src/database/tuning/readFileErrors.ts';
import { readTunables } from '../../src/database/tuning/readTunables.ts';
import { recommendSettings } from '../../src/database/tuning/recommendSettings.ts';
import { sameSetting } from '../../src/database/tuning/sizes.ts';
import { listVacuumTables } from '../../src/database/vacuum/listVacuumTables.ts';
import { oldestTransaction } from '../../src/database/vacuum/oldestTransaction.ts';
import { readVacuumProgress } from '../../src/database/vacuum/readVacuumProgress.ts';
import { vacuumTable } from '../../src/database/vacuum/vacuumTable.ts';
import type { Database } from '../../src/runbook/context.ts';
import { type Cluster, rowsOf, startCluster } from '../support/cluster.ts';

let cluster: Cluster;
let url: string;
let adminUrl: string;
let database: Database;
let admin: Database;
let autoConf: string;

beforeAll(async () => {
  cluster = await startCluster();
  url = await cluster.create('deployed');
  adminUrl = cluster.superuserUrl.replace(/\/postgres$/, '/tempovault');
  database = connectDatabase({ url, timeoutMs: 10_000, applicationName: 'tv' });
  admin = connectDatabase({ url: adminUrl, timeoutMs: 10_000, applicationName: 'tv' });
  const [row] = await rowsOf<{ directory: string }>(
    adminUrl,
    "select current_setting('data_directory') as directory",
  );
  autoConf = `${row?.directory}/postgresql.auto.conf`;
});

afterAll(async () => {
  await database.close();
  await admin.close();
  await cluster[Symbol.asyncDispose]();
});

/** Awaits a condition that another session brings about. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('settings', () => {
  const names = ['work_mem', 'shared_buffers', 'no_such_setting'];

  test('are read with their source; what the server does not know is left out', async () => {
    const [workMem, buffers, ...others] = await readTunables(admin, { names });
    expect(others).toEqual([]);
    expect(workMem).toMatchObject({
      value: '4MB',
      source: 'default',
      file: null,
      context: 'user',
      pendingRestart: false,
    });
    expect(buffers).toMatchObject({ value: '32MB', source: 'configuration file', context: 'postmaster' });
    expect(buffers?.file).toMatch(/postgresql\.conf$/);
    // Which file it is, only an administrator may see.
    expect((await readTunables(database, { names }))[1]).toMatchObject({ value: '32MB', file: null });
  });

  test('set by ALTER SYSTEM take effect or wait for a restart, and go back to the same bytes', async () => {
    await alterSystem(admin, { settings: { work_mem: '5MB' } });
    const before = await readFile(autoConf, 'utf8');
    const state = await readSystemSettings(admin, { names: ['work_mem', 'shared_buffers'] });
    expect(state).toEqual({ work_mem: '5MB', shared_buffers: null });
    await alterSystem(admin, { settings: { shared_buffers: '64MB', work_mem: '10485kB' } });
    await until('the reload', async () => {
      const [workMem, buffers] = await readTunables(admin, { names });
      return workMem?.value === '10485kB' && buffers?.pendingRestart === true;
    });
    // What only waits is no error in a file.
    expect(await readFileErrors(admin)).toEqual([]);
    await alterSystem(admin, { settings: state });
    expect(await readFile(autoConf, 'utf8')).toBe(before);
    await until('the reload', async () => (await readTunables(admin, { names }))[0]?.value === '5MB');
    await alterSystem(admin, { settings: { work_mem: null } });
  });

  test('as recommended are all known to this server, and mean what was written', async () => {
    const machine = { memoryBytes: 16 * 1024 ** 3, cores: 12, disk: 'ssd' } as const;
    const wanted = recommendSettings(machine, { maxConnections: 100 });
    const before = await readSystemSettings(admin, { names: wanted.map(({ name }) => name) });
    await alterSystem(admin, {
      settings: Object.fromEntries(wanted.map(({ name, value }) => [name, value])),
    });
    await until('the reload', async () => {
      const found = await readTunables(admin, { names: wanted.map(({ name }) => name) });
      return (
        found.length === wanted.length &&
        found.every((has) => {
          const { value = '' } = wanted.find(({ name }) => name === has.name) ?? {};
          return has.context === 'postmaster' ? has.pendingRestart : sameSetting(value, has);
        })
      );
    });
    await alterSystem(admin, { settings: before });
  });

  test('may be changed by a superuser or a grantee only', async () => {
    const allowed = await checkTuneRights(admin, { names: ['work_mem'] });
    expect(allowed).toEqual({
      user: 'postgres',
      forbidden: [],
      mayReadFiles: true,
      mayReload: true,
      switchedOff: false,
    });
    const mine = await checkTuneRights(database, { names: ['work_mem', 'shared_buffers'] });
    expect(mine).toMatchObject({ user: 'tempovault', mayReadFiles: false, mayReload: false });
    expect(mine.forbidden).toEqual(['work_mem', 'shared_buffers']);
    await rowsOf(adminUrl, 'grant alter system on parameter work_mem to tempovault');
    expect((await checkTuneRights(database, { names: ['work_mem', 'shared_buffers'] })).forbidden).toEqual([
      'shared_buffers',
    ]);
    await rowsOf(adminUrl, 'revoke alter system on parameter work_mem from tempovault');
  });
});

describe('statements', () => {
  test('are counted, without the literals in them', async () => {
    await rowsOf(url, "select 'first' as one, count(*) from events where event_type <> 'sEcReT'");
    await rowsOf(url, "comment on table events is 'sEcReT'");
    const found = await readStatements(database, { order: 'calls', limit: 1000 });
    expect(found).toMatchObject({ obstacle: null, user: 'tempovault', onlyOwn: true });
    const comment = found.statements.find(({ statement }) => statement.startsWith('comment on'));
    expect(comment).toMatchObject({
      statement: "comment on table events is '…'",
      user: 'tempovault',
      calls: 1,
    });
    expect(JSON.stringify(found)).not.toContain('sEcReT');
    for (const order of ['total', 'mean', 'calls'] as const) {
      const { statements } = await readStatements(database, { order, limit: 5 });
      const measure = { total: 'totalMs', mean: 'meanMs', calls: 'calls' } as const;
      const figures = statements.map((one) => one[measure[order]]);
      expect(figures).toEqual(figures.toSorted((a, b) => b - a));
    }
    expect((await readStatements(admin, { order: 'total', limit: 1 })).onlyOwn).toBe(false);
  });

  test('are not counted without the extension, and it says what is missing', async () => {
    await rowsOf(adminUrl, 'drop extension pg_stat_statements');
    try {
      const found = await readStatements(admin, { order: 'total', limit: 5 });
      expect(found).toMatchObject({
        obstacle: 'not-created',
        statements: [],
        preloaded: 'pg_stat_statements',
      });
      // Who may not see what is loaded asks a role that may.
      const few = { order: 'total', limit: 5 } as const;
      expect((await readStatements(database, few)).obstacle).toBe('not-seen');
      expect(await readStatements(database, { ...few, admin })).toMatchObject({
        ...{ obstacle: 'not-created', preloaded: 'pg_stat_statements', user: 'tempovault' },
      });
    } finally {
      await rowsOf(adminUrl, 'create extension pg_stat_statements');
    }
  });

  test('that run long are named, with what they wait for', async () => {
    const holder = new Client({ connectionString: url });
    const waiter = new Client({ connectionString: url });
    await holder.connect();
    await waiter.connect();
    try {
      await holder.query("begin; lock table losses; select 'sEcReT'");
      const waiting = waiter.query("update losses set id = id where 'sEcReT' = 'x'");
      await until(
        'both are seen',
        async () => (await readRunning(database, { overMs: 50, limit: 10 })).length === 2,
      );
      const running = await readRunning(database, { overMs: 50, limit: 10 });
      expect(running).toContainEqual(
        expect.objectContaining({
          state: 'active',
          waits: 'Lock: relation',
          statement: "update losses set id = id where '…' = '…'",
        }),
      );
      expect(running).toContainEqual(expect.objectContaining({ state: 'idle in transaction', waits: null }));
      expect(JSON.stringify(running)).not.toContain('sEcReT');
      await holder.query('rollback');
      await waiting;
    } finally {
      await holder.end();
      await waiter.end();
    }
  });
});

describe('vacuum', () => {
  const table = async (name: string) =>
    (await listVacuumTables(database)).find((one) => one.name === name && one.schema === 'public');

  test('frees dead rows and renews the statistics, and only of tables that are ours', async () => {
    await rowsOf(
      adminUrl,
      'create schema other; create table other.theirs (id int); revoke all on schema other from public',
    );
    await rowsOf(
      url,
      'create table wide as select n, repeat(md5(n::text), 20) as text from generate_series(1, 20000) n',
    );
    await rowsOf(url, 'delete from wide where n % 2 = 0');
    await until('the statistics', async () => (await table('wide'))?.deadRows === 10_000);
    expect(await table('wide')).toMatchObject({ lastVacuum: null, allowed: true });
    await vacuumTable(database, { schema: 'public', name: 'wide', applicationName: 'tv test' });
    const after = await table('wide');
    expect(after).toMatchObject({ deadRows: 0, liveRows: 10_000 });
    expect(after?.lastVacuum).not.toBeNull();
    expect(after?.lastAnalyze).not.toBeNull();
    // The owner of a database may vacuum all of it.
    expect((await listVacuumTables(database)).find(({ schema }) => schema === 'other')?.allowed).toBe(true);
    await rowsOf(adminUrl, 'alter database tempovault owner to postgres');
    expect((await listVacuumTables(database)).find(({ schema }) => schema === 'other')?.allowed).toBe(false);
    expect((await table('wide'))?.allowed).toBe(true);
    await rowsOf(adminUrl, 'alter database tempovault owner to tempovault; drop schema other cascade');
  });

  test('can be watched from another session, and is cancelled on the server by the signal', async () => {
    await rowsOf(url, 'delete from wide where n % 3 = 0');
    await rowsOf(
      url,
      "alter role tempovault set vacuum_cost_delay = '10ms'; alter role tempovault set vacuum_cost_limit = 20",
    );
    const slow = connectDatabase({ url, timeoutMs: 10_000, applicationName: 'tv slow' });
    const stop = new AbortController();
    const phases: string[] = [];
    try {
      const vacuuming = vacuumTable(slow, {
        schema: 'public',
        name: 'wide',
        applicationName: 'tv vacuum',
        signal: stop.signal,
        onProgress: ({ phase, scanned, total }) => {
          expect(scanned).toBeLessThanOrEqual(total);
          phases.push(phase);
          stop.abort(new Error('enough'));
        },
      });
      await expect(vacuuming).rejects.toThrow('enough');
      expect(phases[0]).toMatch(/heap|index/);
      const left = () =>
        rowsOf(
          url,
          "select pid from pg_stat_activity where application_name = 'tv vacuum' and state = 'active'",
        );
      // The server ends it at its next look for interrupts.
      await expect.poll(left).toEqual([]);
    } finally {
      await slow.close();
      await rowsOf(url, 'alter role tempovault reset all');
    }
    expect(await readVacuumProgress(database, { pid: 1 })).toBeUndefined();
  });

  test('reports the transaction that keeps rows from being freed', async () => {
    const client = new Client({ connectionString: url, application_name: 'left open' });
    await client.connect();
    try {
      await client.query('begin isolation level repeatable read; select count(*) from wide');
      expect(await oldestTransaction(database)).toMatchObject({
        user: 'tempovault',
        application: 'left open',
      });
      await client.query('rollback');
    } finally {
      await client.end();
    }
  });
});
