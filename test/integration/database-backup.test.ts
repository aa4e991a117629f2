import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import prune, { removeOne } from '../../runbooks/db/prune.ts';
import { exampleFacts, type RestoreFacts, readChosen } from '../../runbooks/db/restore.preflight.ts';
import restore, { swap } from '../../runbooks/db/restore.ts';
import verification from '../../runbooks/db/verify.ts';
import { checkCopy } from '../../runbooks/reindex.checks.ts';
import { dumpTo } from '../../src/database/backup/dumpTo.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';
import { writeMarks } from '../../src/database/backup/marks.ts';
import { readBack } from '../../src/database/backup/readBack.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { connectDatabase, openBeside } from '../../src/database/connectDatabase.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readServer } from '../../src/database/readServer.ts';
import { checkFilled } from '../../src/database/restore/checkFilled.ts';
import { createDatabase } from '../../src/database/restore/createDatabase.ts';
import { fillDatabase } from '../../src/database/restore/fillDatabase.ts';
import { listRenameBlockers } from '../../src/database/restore/listRenameBlockers.ts';
import { lackedBy, missingNeeds } from '../../src/database/restore/missingNeeds.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { swapDatabases } from '../../src/database/restore/swapDatabases.ts';
import { restoreTables } from '../../src/database/restoreTables.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { checkNeeds } from '../../src/operations/restoreBeside.ts';
import type { Context, Database, Host } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { debianPrograms } from '../support/debianPrograms.ts';
import { fillPerKind, fillRawAndKinds, readEverything } from '../support/eventTables.ts';
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const newer = await debianPrograms();
const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
let postgres: TestPostgres;
let adminUrl: string;
let directory: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  adminUrl = `postgres://postgres@${encodeURIComponent(postgres.socketDirectory)}:${postgres.port}/postgres`;
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-backup-'));
});
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
  rmSync(directory, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres?.stop();
});

type Form = 'raw-and-kinds' | 'per-kind';

async function make(form: Form): Promise<{ made: TestDatabase; database: Database }> {
  const made = await postgres.createDatabase(form);
  await made.admin(form === 'per-kind' ? fillPerKind(1, 50) : fillRawAndKinds(1, 50));
  const database = connectDatabase({ url: made.url, timeoutMs: 5_000, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  return { made, database };
}

/** What a plain restore loses: settings and grants of the database, other roles' rights, extensions, a second schema. */
async function furnish({ name, admin }: TestDatabase): Promise<void> {
  await admin(`
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN CREATE ROLE auditor; END IF;
    END $$;
    CREATE EXTENSION pg_trgm;
    CREATE SCHEMA "odd schema" AUTHORIZATION tempovault;
    CREATE TABLE "odd schema"."odd table" ("key" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text CHECK (note <> ''));
    ALTER TABLE "odd schema"."odd table" OWNER TO tempovault;
    INSERT INTO "odd schema"."odd table" (note) VALUES ('a'), (E'b\\n\\\\.\\n'), ('c');
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor WITH GRANT OPTION;
    CREATE INDEX deposits_partial ON deposits (amount) WHERE amount > 0;
    CREATE MATERIALIZED VIEW total AS SELECT count(*) AS deposits FROM deposits;
    REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${name} TO auditor;
    ALTER DATABASE ${name} SET search_path TO "$user", public, "odd schema";
    ALTER DATABASE ${name} SET work_mem TO '7MB';
    ALTER ROLE auditor IN DATABASE ${name} SET application_name TO 'it''s';
    COMMENT ON DATABASE ${name} IS 'the vault''s events';
  `);
}

function schemaOf(name: string): string {
  const arguments_ = [
    '-s',
    '-h',
    postgres.socketDirectory,
    '-p',
    String(postgres.port),
    '-U',
    'postgres',
    '-d',
    name,
  ];
  const text = execFileSync(join(postgres.bin, 'pg_dump'), arguments_, { encoding: 'utf8' });
  // A key of its own in each dump.
  return text.replace(/^\\(un)?restrict .*$/gm, '');
}

function superuser(database: string): TestDatabase['admin'] {
  return async (text) => {
    const client = new pg.Client({
      host: postgres.socketDirectory,
      port: postgres.port,
      user: 'postgres',
      database,
    });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
}

const formats = {
  directory: (database: Database) => dumped(database, 'directory', 'vault'),
  ranges: (database: Database) => dumped(database, 'ranges', 'vault'),
  'sql.gz': (database: Database) => dumped(database, 'sql.gz', 'vault.sql.gz'),
  custom: async (database: Database) => {
    writeFileSync(join(directory, 'vault.dump'), pgDump(database, '-Fc'));
    return 'vault.dump';
  },
  sql: async (database: Database) => {
    writeFileSync(join(directory, 'vault.sql'), pgDump(database, '-Fp'));
    return 'vault.sql';
  },
} as const;

/** As another program makes it. */
function pgDump({ target: { name } }: Database, form: '-Fc' | '-Fp'): Buffer {
  const at = ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres'];
  return execFileSync(join(postgres.bin, 'pg_dump'), [form, ...at, name]);
}

async function dumped(
  database: Database,
  form: 'directory' | 'ranges' | 'sql.gz',
  name: string,
): Promise<string> {
  await dumpTo(database, {
    run,
    form,
    compression: form === 'ranges' ? 'zstd' : 'gzip',
    // A page.
    rangeBytes: 8192,
    partial: join(directory, name),
    jobs: 2,
    applicationName: 'tv test',
  });
  return name;
}

async function found(wanted: string): Promise<Backup> {
  return findBackup({ run, directory, wanted });
}

describe.each<Form>(['raw-and-kinds', 'per-kind'])('a round trip of the form %s', (form) => {
  it.each(Object.keys(formats) as (keyof typeof formats)[])('as %s: all is equal', async (format) => {
    const { made, database } = await make(form);
    await furnish(made);
    const backup = await found(await formats[format](database));
    const { major } = await readServer(database);
    const verdict = await verifyBackup(database, { run, backup, depth: 'all', jobs: 2, serverMajor: major });
    // Without a manifest a directory of pg_dump is as good as a foreign one.
    expect(verdict.problems).toEqual(
      format === 'directory' || format === 'ranges' ? ['its manifest is missing'] : [],
    );
    const { rows } = await readBack(database, { run, backup, jobs: 2 });
    expect(Object.values(rows).reduce((sum, one) => sum + one, 0)).toBe(form === 'per-kind' ? 353 : 304);

    const maintenance = openBeside(database, { name: 'postgres', adminUrl, applicationName: 'tv test' });
    cleanUp.push(() => maintenance.close());
    const like = await readDatabaseProperties(maintenance, { name: made.name });
    if (like === undefined) throw new Error('the live database has properties');
    const name = `${made.name}_restored`;
    await createDatabase(maintenance, { name, like });
    const beside = openBeside(database, { name, adminUrl, applicationName: 'tv test' });
    cleanUp.push(() => beside.close());
    await fillDatabase(beside, {
      run,
      backup,
      jobs: 2,
      applicationName: 'tv test',
      expectedBytes: undefined,
    });
    expect((await checkFilled(beside, { rows })).problems).toEqual([]);

    expect(schemaOf(name)).toBe(schemaOf(made.name));
    const restored = { name, url: '', admin: superuser(name) };
    expect(await readEverything(restored)).toEqual(await readEverything(made));
    expect(await readDatabaseProperties(maintenance, { name })).toEqual({ ...like, name });
    const acl = (database: string) =>
      superuser('postgres')(
        `SELECT array_agg(a::text ORDER BY a::text) FROM pg_database, unnest(datacl) a WHERE datname = '${database}'`,
      );
    expect(await acl(name)).toEqual(await acl(made.name));
    // Sequences continue where they were.
    const next = `SELECT nextval('deposits_id_seq') AS id`;
    expect(await restored.admin(next)).toEqual(await made.admin(next));
  });
});

describe.runIf(typeof newer !== 'string')('written by pg_dump 17, for a server 15', () => {
  /** Before all else on the PATH, as after an upgrade of the client programs alone. */
  const with17: Host['run'] = (command, options) => {
    const bin = typeof newer === 'string' ? '' : newer.bin17;
    return run(['env', `PATH=${bin}:${process.env['PATH'] ?? ''}`, ...command], options);
  };

  function dump17(format: 'd' | 'c' | 'p', file: string, database: string): void {
    const flags = [`-F${format}`, '-f', join(directory, file), '-h', postgres.socketDirectory];
    const bin = typeof newer === 'string' ? '' : newer.bin17;
    execFileSync(join(bin, 'pg_dump'), [...flags, '-p', String(postgres.port), '-U', 'postgres', database]);
  }

  async function fillNew(made: TestDatabase, wanted: string, definitionsOnly = false): Promise<TestDatabase> {
    const into = await postgres.createDatabase('empty');
    const beside = connectDatabase({
      url: adminUrl.replace(/postgres$/, into.name),
      timeoutMs: 5_000,
      applicationName: 'tv test',
    });
    cleanUp.push(() => beside.close());
    await fillDatabase(beside, {
      run: with17,
      backup: await found(wanted),
      jobs: 2,
      applicationName: 'tv test',
      expectedBytes: undefined,
      definitionsOnly,
    });
    expect(schemaOf(into.name)).toBe(schemaOf(made.name));
    return into;
  }

  it.each([
    ['d', 'vault'],
    ['c', 'vault.dump'],
    ['p', 'vault.sql'],
  ] as const)(
    '-F%s is restored, its definitions alone too; psql or pg_restore 17 by itself fails',
    async (format, file) => {
      const { made } = await make('per-kind');
      await furnish(made);
      dump17(format, file, made.name);
      expect(await readEverything(await fillNew(made, file))).toEqual(await readEverything(made));
      const definitions = await fillNew(made, file, true);
      expect(await definitions.admin('SELECT count(*)::int AS rows FROM deposits')).toEqual([{ rows: 0 }]);
      // Or else this shows nothing: the server refuses its first lines.
      const into = await postgres.createDatabase('empty');
      const at = [
        '-h',
        postgres.socketDirectory,
        '-p',
        String(postgres.port),
        '-U',
        'postgres',
        '-d',
        into.name,
      ];
      const bin = typeof newer === 'string' ? '' : newer.bin17;
      const command =
        format === 'p'
          ? [join(bin, 'psql'), '-X', '-v', 'ON_ERROR_STOP=1', ...at, '-f', join(directory, file)]
          : [join(bin, 'pg_restore'), '--exit-on-error', ...at, join(directory, file)];
      const alone = await run(command);
      expect(alone.stderr).toContain('unrecognized configuration parameter "transaction_timeout"');
      expect(alone.exitCode).not.toBe(0);
    },
  );

  it('tv takes the programs of the server version by itself; without a newer one it says why it cannot read', async () => {
    const { database } = await make('per-kind');
    await dumpTo(database, {
      run: with17,
      form: 'directory',
      compression: 'gzip',
      partial: join(directory, 'own'),
      jobs: 1,
      applicationName: 'tv test',
    });
    const header = execFileSync(join(postgres.bin, 'pg_restore'), ['-l', join(directory, 'own/data')], {
      encoding: 'utf8',
    });
    expect(header).toMatch(/Dumped by pg_dump version: 15\./);
    dump17('c', 'vault.dump', database.target.name);
    const backup = await found('vault.dump');
    const parameters = { backup, depth: 'all', jobs: 1, serverMajor: 15 } as const;
    expect((await verifyBackup(database, { ...parameters, run })).problems.join()).toContain(
      'unsupported version',
    );
    expect((await verifyBackup(database, { ...parameters, run: with17 })).problems).toEqual([]);
  });

  it('only the event tables are restored from it', async () => {
    const { made, database } = await make('raw-and-kinds');
    dump17('c', 'vault.dump', made.name);
    const before = await readEverything(made);
    await made.admin('DELETE FROM deposits');
    await restoreTables(database, {
      run: with17,
      archive: join(directory, 'vault.dump'),
      schema: await readEventSchema(database),
      applicationName: 'tv test',
    });
    expect(await readEverything(made)).toEqual(before);
  });
});

it.runIf(typeof newer === 'string')(`PostgreSQL 17: left out, since ${newer}`, () => {});

it('names roles and extensions that the server lacks, with what creates them', async () => {
  const { database } = await make('per-kind');
  const needs = { roles: ['tempovault', "o'neil", 'grafana_ro'], extensions: ['plpgsql', 'nowhere'] };
  const missing = await missingNeeds(database, needs);
  expect(missing).toEqual({ roles: ['grafana_ro', "o'neil"], extensions: ['nowhere'], forbidden: [] });
  expect(lackedBy('this server', missing)).toEqual({
    what: "this server does not have the roles grafana_ro, o'neil and the extension nowhere, which it needs",
    next: [
      { shell: "sudo -u postgres psql -c 'CREATE ROLE grafana_ro'", on: 'host' },
      { shell: `sudo -u postgres psql -c 'CREATE ROLE "o'\\''neil"'`, on: 'host' },
      'install the extension nowhere on the database server, then try again',
    ],
  });
  expect(
    lackedBy('this server', await missingNeeds(database, { roles: ['tempovault'], extensions: [] })),
  ).toBe(undefined);
});

it('an extension that only a superuser may create → a role that is none is refused before the restore, the verification by one, and the reindex', async () => {
  const { made, database } = await make('per-kind');
  await made.admin('CREATE EXTENSION pg_trgm; CREATE EXTENSION pg_stat_statements');
  await superuser('postgres')('ALTER ROLE tempovault CREATEDB');
  cleanUp.push(() => superuser('postgres')('ALTER ROLE tempovault NOCREATEDB'));
  const backup = await found(await formats.directory(database));
  const known = await readServer(database);
  const check = async (adminUrl?: string) => {
    const settings = { database: { adminUrl }, backup: { directory } };
    const ctx = {
      signal: new AbortController().signal,
      database: () => database,
      host: () => ({ run }),
      settings,
      clock: { now: () => new Date() },
    };
    const context = ctx as unknown as Context;
    const restore = await readChosen(context, {
      chosen: { ...backup, problems: [], manifest: null },
      inPlace: false,
      server: Promise.resolve(known),
      tools: Promise.resolve({ major: known.major, version: '', cores: 1, memoryBytes: 1024 ** 3 }),
      signal: new AbortController().signal,
    });
    const wanted = { backup: backup.name, latest: false, all: false, restore: true, copy: false };
    const { checks } = await verification.preflight(context, wanted);
    return {
      ...{ restore, reindex: await checkCopy(context) },
      verify: checks.find(({ id }) => id === 'needs'),
    };
  };
  const refused = {
    status: 'block',
    summary: expect.stringMatching(
      /: only a superuser may create the extension pg_stat_statements, which it needs$/,
    ),
    next: [{ when: 'set database.adminUrl to a superuser of PostgreSQL', tv: ['config', 'show'] }],
    override: 'superuser-extensions',
  };
  const { restore, reindex, verify } = await check();
  expect(restore).toMatchObject(refused);
  expect(reindex).toMatchObject(refused);
  expect(verify).toMatchObject({
    ...refused,
    next: [...refused.next, { when: 'verify without a restore', tv: ['db', 'verify', backup.name] }],
  });
  expect(await check(adminUrl)).toMatchObject({
    restore: { status: 'warn' },
    reindex: { status: 'pass' },
    verify: { status: 'pass' },
  });
  const damaged = { ...backup, archive: join(directory, 'nowhere') };
  const context = { database: () => database, host: () => ({ run }), settings: { database: {} } };
  expect(
    await checkNeeds(context as unknown as Context, [damaged], new AbortController().signal),
  ).toMatchObject({ status: 'warn', summary: expect.stringContaining('unknown') });
  // The server's own word: of the two extensions, the role may create one.
  const own = await postgres.createDatabase('empty');
  const session = new pg.Client({ connectionString: own.url });
  await session.connect();
  cleanUp.push(() => session.end());
  await session.query('CREATE EXTENSION pg_trgm');
  await expect(session.query('CREATE EXTENSION pg_stat_statements')).rejects.toThrow(/permission denied/);
});

describe('what keeps a database from being renamed', () => {
  it('is found: slots, prepared transactions, WAL senders, subscriptions; each refuses the change of names', async () => {
    const { made, database } = await make('per-kind');
    const name = made.name;
    const maintenance = openBeside(database, { name: 'postgres', adminUrl, applicationName: 'tv test' });
    cleanUp.push(() => maintenance.close());
    const found = () => listRenameBlockers(maintenance, { name });
    const none = { slots: [], prepared: [], workers: [], subscriptions: [] };
    expect(await found()).toEqual(none);
    await database.close();

    await made.admin(`BEGIN; CREATE TABLE half (); PREPARE TRANSACTION 'it''s half'`);
    expect(await found()).toEqual({ ...none, prepared: ["it's half"] });
    const rename = () => superuser('postgres')(`ALTER DATABASE ${name} RENAME TO ${name}_x`);
    await expect(rename()).rejects.toThrow('is being accessed by other users');
    await made.admin(`ROLLBACK PREPARED 'it''s half'`);

    await made.admin(`SELECT pg_create_logical_replication_slot('cdc', 'test_decoding')`);
    const slot = { name: 'cdc', plugin: 'test_decoding' };
    expect(await found()).toEqual({ ...none, slots: [{ ...slot, active: false }] });
    const reader = spawn(
      join(postgres.bin, 'pg_recvlogical'),
      ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres', '-d', name].concat(
        '--slot=cdc --start --no-loop -f -'.split(' '),
      ),
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => reader.once('exit', resolve));
    await expect.poll(async () => (await found()).workers).toHaveLength(1);
    expect(await found()).toMatchObject({
      slots: [{ ...slot, active: true }],
      workers: [{ type: 'walsender', application: 'pg_recvlogical' }],
    });
    await expect(rename()).rejects.toThrow('is being accessed by other users');
    reader.kill('SIGINT');
    await ended;
    await expect.poll(async () => (await found()).workers).toEqual([]);
    await made.admin(`SELECT pg_drop_replication_slot('cdc')`);

    await made.admin(
      `CREATE SUBSCRIPTION upstream CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)`,
    );
    expect(await found()).toEqual({ ...none, subscriptions: ['upstream'] });
  }, 30_000);
});

describe('a swap', () => {
  it('renames in one transaction, and does nothing while a client is connected', async () => {
    const { made, database } = await make('per-kind');
    const other = await postgres.createDatabase('empty');
    const maintenance = openBeside(database, { name: 'postgres', adminUrl, applicationName: 'tv test' });
    cleanUp.push(() => maintenance.close());
    const stranger = new pg.Client({
      host: postgres.socketDirectory,
      port: postgres.port,
      user: 'postgres',
      database: made.name,
    });
    await stranger.connect();
    const ended = new Promise((resolve) => stranger.on('error', resolve));
    const renames = [
      { from: made.name, to: `${made.name}_old` },
      { from: other.name, to: made.name },
    ];
    const oid = () => superuser('postgres')(`SELECT oid FROM pg_database WHERE datname = '${made.name}'`);
    const before = await oid();
    await expect(swapDatabases(maintenance, { renames, endSessions: false })).rejects.toThrow(
      'Other sessions are connected to the database and block the swap.',
    );
    expect(await oid()).toEqual(before);
    await swapDatabases(maintenance, { renames, endSessions: true });
    await ended;
    expect(await oid()).not.toEqual(before);
    // The pool that was open all the while speaks to the database that has the name now.
    expect((await readServer(database)).databaseOid).toBe((await oid())[0]?.['oid']);
  }, 30_000);

  it('of another database than the run was planned for is refused, and nothing is renamed', async () => {
    const { made, database } = await make('per-kind');
    const fresh = await postgres.createDatabase('empty');
    const oidOf = async (name: string) =>
      Number(
        (await superuser('postgres')(`SELECT oid FROM pg_database WHERE datname = '${name}'`))[0]?.['oid'],
      );
    const [live, arriving] = [await oidOf(made.name), await oidOf(fresh.name)];
    const planned = (oid: number) =>
      swap({
        mode: 'swap-back',
        backup: null,
        back: { name: fresh.name, oid: arriving },
        database: { name: made.name, oid },
        services: [],
        endSessions: false,
      } as unknown as RestoreFacts);
    const ctx = {
      database: () => database,
      settings: { database: { adminUrl } },
      runId: '20261128-120000-db-restore-7f3a',
      results: {},
      notes: {},
      note: () => {},
      signal: new AbortController().signal,
    } as unknown as StepContext;
    await expect(planned(live + 1).run(ctx)).rejects.toThrow(
      `${made.name} is another database than when this run was planned.`,
    );
    expect([await oidOf(made.name), await oidOf(fresh.name)]).toEqual([live, arriving]);
    await planned(live).run(ctx);
    expect(await oidOf(made.name)).toBe(arriving);
  });

  it.each(['the first', 'the last'])(
    'where %s name leads to another database than planned → an error, and nothing is renamed',
    async (which) => {
      const { made, database } = await make('per-kind');
      const other = await postgres.createDatabase('empty');
      const maintenance = openBeside(database, { name: 'postgres', adminUrl, applicationName: 'tv test' });
      cleanUp.push(() => maintenance.close());
      const oids = await oidsOf(made.name, other.name);
      const [first = 0, last = 0] = oids;
      const renames = [
        { from: made.name, to: `${made.name}_old`, oid: which === 'the first' ? first + 100 : first },
        { from: other.name, to: made.name, oid: which === 'the last' ? last + 100 : last },
      ];
      await expect(swapDatabases(maintenance, { renames, endSessions: true })).rejects.toMatchObject({
        code: 'run.target-changed',
      });
      expect(await oidsOf(made.name, other.name)).toEqual(oids);
    },
  );

  it('is undone as a whole where one of the names cannot be had', async () => {
    const { made, database } = await make('per-kind');
    const maintenance = openBeside(database, { name: 'postgres', adminUrl, applicationName: 'tv test' });
    cleanUp.push(() => maintenance.close());
    const renames = [
      { from: made.name, to: `${made.name}_old` },
      { from: 'there_is_none', to: made.name },
    ];
    await expect(swapDatabases(maintenance, { renames, endSessions: false })).rejects.toThrow();
    const names = await superuser('postgres')(
      `SELECT datname FROM pg_database WHERE starts_with(datname, '${made.name}')`,
    );
    expect(names).toEqual([{ datname: made.name }]);
  });
});

/** By name; undefined where there is none. */
async function oidsOf(...names: readonly string[]): Promise<readonly (number | undefined)[]> {
  const rows = await superuser('postgres')('SELECT datname AS name, oid FROM pg_database');
  return names.map((name) => {
    const oid = rows.find((row) => row['name'] === name)?.['oid'];
    return oid === undefined ? undefined : Number(oid);
  });
}

describe('a database that was dropped, and made again under its name by another', () => {
  const contextOf = (database: Database) =>
    ({
      ...{ database: () => database, host: () => connectHost({ prefix: [], timeoutMs: 10_000 }) },
      settings: { database: { adminUrl }, backup: { directory } },
      ...{ runId: '20261123-031200-db-restore-abcd', results: {}, notes: {}, note: () => {} },
      ...{ progress: () => {}, signal: new AbortController().signal },
    }) as unknown as StepContext;

  it('restore --in-place, cut off in the step that drops: unknown whether it did, and a run of it drops nothing', async () => {
    const { made, database } = await make('per-kind');
    const [oid] = await oidsOf(made.name);
    const facts: RestoreFacts = {
      ...exampleFacts,
      mode: 'in-place',
      ...{ services: [], endSessions: true },
      backup: {
        ...(exampleFacts.backup ?? expect.fail()),
        ...{ form: 'custom', name: 'vault.dump', path: join(directory, 'vault.dump') },
        archive: join(directory, await formats.custom(database)),
      },
      database: { ...exampleFacts.database, name: made.name, oid: oid ?? null },
    };
    const ctx = contextOf(database);
    const drop = restore.plan(facts, {} as never).find(({ id }) => id === 'drop') ?? expect.fail();
    expect(await drop.probe?.(ctx)).toBe('not-done');

    await superuser('postgres')(`DROP DATABASE ${made.name} WITH (FORCE)`);
    expect(await drop.probe?.(ctx)).toBe('done');

    await superuser('postgres')(`CREATE DATABASE ${made.name}`);
    const made2 = await oidsOf(made.name);
    expect(await drop.probe?.(ctx)).toBe('unknown');
    await superuser(made.name)('CREATE TABLE events (block_number bigint)');
    await expect(drop.run(ctx)).rejects.toMatchObject({ code: 'run.target-changed' });
    expect(await oidsOf(made.name)).toEqual(made2);

    const last = restore.plan(facts, {} as never).find(({ id }) => id === 'swap') ?? expect.fail();
    await expect(last.run(ctx)).rejects.toMatchObject({ code: 'run.target-changed' });
  }, 30_000);

  it('restore, with what an earlier one has left: another database of that name stays', async () => {
    const { made, database } = await make('per-kind');
    const other = await postgres.createDatabase('empty');
    const [oid = 0] = await oidsOf(other.name);
    const facts = {
      ...exampleFacts,
      database: { ...exampleFacts.database, name: made.name },
      leftovers: [{ name: other.name, oid: oid + 100, bytes: 0 }],
    };
    const step = restore.plan(facts, {} as never).find(({ id }) => id === 'restore') ?? expect.fail();
    await expect(step.run(contextOf(database))).rejects.toMatchObject({ code: 'run.target-changed' });
    expect(await oidsOf(other.name)).toEqual([oid]);
  });

  it('prune --old: another database of the name stays, and so does the planned one under another name', async () => {
    const { database } = await make('per-kind');
    const other = await postgres.createDatabase('empty');
    const [oid = 0] = await oidsOf(other.name);
    const ctx = contextOf(database);
    const dropOld = (name: string, planned: number) => {
      const databases = [{ name, oid: planned, bytes: 0 }];
      const facts = { remove: [], leftovers: [], databases, keep: 0, keepDays: 30 };
      return prune.plan(facts, {} as never)[0] ?? expect.fail();
    };
    for (const step of [dropOld(other.name, oid + 100), dropOld(`${other.name}_old`, oid)]) {
      expect(await step.probe?.(ctx)).toBe('unknown');
      await expect(step.run(ctx)).rejects.toMatchObject({ code: 'run.target-changed' });
    }
    expect(await oidsOf(other.name)).toEqual([oid]);
    await dropOld(other.name, oid).run(ctx);
    expect(await oidsOf(other.name)).toEqual([undefined]);
    expect(await dropOld(other.name, oid).probe?.(ctx)).toBe('done');
  });
});

describe('a dump that fails', () => {
  it.each(['directory', 'sql.gz'] as const)(
    'leaves nothing of a %s, and says what pg_dump said',
    async (form) => {
      const { made, database } = await make('per-kind');
      // pg_dump may not read it; the pipe behind it would have hidden that.
      await made.admin('CREATE TABLE hidden (id int)');
      await expect(dumped(database, form, 'vault')).rejects.toThrow();
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it('gives up behind a lock that is not released', async () => {
    const { made, database } = await make('per-kind');
    const client = new pg.Client({ connectionString: made.url });
    await client.connect();
    try {
      await client.query('BEGIN; LOCK TABLE deposits IN ACCESS EXCLUSIVE MODE');
      await expect(dumped(database, 'directory', 'vault')).rejects.toThrow('pg_dump did not finish');
    } finally {
      await client.end();
    }
    expect(readdirSync(directory)).toEqual([]);
  }, 30_000);
});

it('a backup that was pinned after the plan was made is not removed', async () => {
  const ctx = {
    host: () => ({ run, prefix: [] }),
    clock: { now: () => new Date() },
    settings: { backup: { directory } },
  } as unknown as StepContext;
  const old = new Date(Date.now() - 60 * 86_400_000);
  for (const name of ['a.sql', 'b.sql', 'c.sql']) {
    writeFileSync(join(directory, name), 'x');
    utimesSync(join(directory, name), old, new Date(old.getTime() - name.charCodeAt(0) * 1000));
  }
  const remove = async (name: string) => {
    const backup = await found(name);
    const facts = { remove: [backup], leftovers: [], databases: [], keep: 0, keepDays: 30 };
    return { backup, step: removeOne(facts, backup, 0) };
  };
  const { backup, step } = await remove('b.sql');
  const pinned = { at: old.toISOString(), by: 'alice', reason: 'audit' };
  await writeMarks({ run, backup, marks: { verified: null, pinned } });
  expect(await step.run(ctx)).toEqual({ kept: 'b.sql', reason: 'pinned: audit' });
  expect(await (await remove('c.sql')).step.run(ctx)).toMatchObject({ removed: 'c.sql' });
  expect(readdirSync(directory).toSorted()).toEqual(['a.sql', 'b.sql', 'b.sql.marks.json']);
});
