import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { type Backup, listBackups } from '../../src/database/backup/listBackups.ts';
import { publishBackup } from '../../src/database/backup/publishBackup.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { clearEvents } from '../../src/database/clearEvents.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import type { EventSchema } from '../../src/database/eventSchema.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readServer } from '../../src/database/readServer.ts';
import { checkFilled } from '../../src/database/restore/checkFilled.ts';
import { fillDatabase } from '../../src/database/restore/fillDatabase.ts';
import { restoreTables } from '../../src/database/restoreTables.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import {
  type BackupFacts,
  checkFormat,
  type MadeBackup,
  makeBackup,
  requireSound,
} from '../../src/operations/backup.ts';
import type { Database, Host } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { debianPrograms } from '../support/debianPrograms.ts';
import { fillPerKind, fillRawAndKinds, readEverything } from '../support/eventTables.ts';
import { awkwardPassword, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
const runId = '20261128-120000-reindex-7f3a';
const applicationName = `tv ${runId}`;
let postgres: TestPostgres;
let directory: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-dump-'));
});
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
  rmSync(directory, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres?.stop();
});

interface Made {
  readonly made: TestDatabase;
  readonly database: Database;
  readonly schema: EventSchema;
  /** Where the backup of the run will be. */
  readonly path: string;
  contextOf(changed?: Changed): StepContext;
  backUp(changed?: Changed): Promise<MadeBackup>;
}

interface Changed {
  readonly run?: Host['run'];
  readonly signal?: AbortSignal;
  readonly facts?: Partial<BackupFacts>;
}

async function make(form: 'raw-and-kinds' | 'per-kind', server = postgres): Promise<Made> {
  const made = await server.createDatabase(form);
  await made.admin(form === 'per-kind' ? fillPerKind(1, 60) : fillRawAndKinds(1, 60));
  const database = connectDatabase({ url: made.url, timeoutMs: 5_000, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  const { databaseOid: oid, systemIdentifier, version, major } = await readServer(database);
  const facts = {
    form: 'directory',
    compression: 'gzip',
    directory,
    database: { name: made.name, systemIdentifier, oid },
    server: { version, major },
    tools: { major, version: 'pg_dump (PostgreSQL)', cores: 2, memoryBytes: 1_073_741_824 },
  } as const;
  const contextOf = (changed: Changed = {}) =>
    ({
      runId,
      version: '0.0.0',
      settings: { backup: { directory } },
      database: () => database,
      host: () => ({ prefix: [], run: changed.run ?? run }),
      clock: { now: () => new Date() },
      signal: changed.signal ?? new AbortController().signal,
      progress: () => {},
    }) as unknown as StepContext;
  return {
    made,
    database,
    schema: await readEventSchema(database),
    path: join(directory, `${made.name}_20261128-120000-7f3a`),
    contextOf,
    backUp: (changed) => makeBackup(contextOf(changed), { ...facts, ...changed?.facts }, 'begin anew'),
  };
}

/** Sound to its last byte, and as its manifest says. */
async function problemsOf(database: Database, backup: Backup, as = run): Promise<readonly string[]> {
  const { major } = await readServer(database);
  const parameters = { run: as, backup, depth: 'all', jobs: 2, serverMajor: major } as const;
  return (await verifyBackup(database, parameters)).problems;
}

function found(path: string): Promise<Backup> {
  return findBackup({ run, directory, wanted: path });
}

/** PATH begins with a program of this name, which gets the arguments of the real one. */
function withProgram(name: string, script: string): Host['run'] {
  const bin = mkdtempSync(join(tmpdir(), 'tv-dump-bin-'));
  cleanUp.push(async () => rmSync(bin, { recursive: true }));
  writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return (command, options) => run(['env', `PATH=${bin}:${process.env['PATH'] ?? ''}`, ...command], options);
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toContain(awkwardPassword);
  return error;
}

/** A session that keeps pg_dump waiting until `release`. */
async function lockTable(made: TestDatabase): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: made.url, application_name: 'migration' });
  client.on('error', () => {});
  await client.connect();
  cleanUp.push(() => client.end());
  await client.query('BEGIN; CREATE TABLE late (id int); LOCK TABLE losses IN ACCESS EXCLUSIVE MODE');
  return {
    release: async () => {
      await client.query('ROLLBACK');
    },
  };
}

/** Resolves once pg_dump waits for the lock. */
async function untilDumpWaits(made: TestDatabase): Promise<void> {
  for (;;) {
    const waiting = await made.admin(
      `SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
      [applicationName],
    );
    if (waiting.length > 0) return;
    await sleep(20);
  }
}

describe('a backup that is a step of a longer run', () => {
  it('is a private folder like any other backup, and its manifest is the one that the run returns', async () => {
    const { made, database, backUp, path } = await make('raw-and-kinds');
    const backup = await backUp();
    expect(readdirSync(directory)).toEqual([basename(path)]);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'data');
    expect(files).toEqual(expect.arrayContaining(['manifest.json', 'marks.json', 'data/toc.dat']));
    for (const file of files) expect(statSync(join(path, file)).mode & 0o777, file).toBe(0o600);
    const sizes = files
      .filter((file) => file.startsWith('data/'))
      .map((file) => statSync(join(path, file)).size);
    const manifest = readFileSync(join(path, 'manifest.json'));
    expect(backup).toMatchObject({
      path,
      files: sizes.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      manifestSha256: createHash('sha256').update(manifest).digest('hex'),
      cursorBlock: 60,
    });
    expect(backup.rows).toMatchObject({
      'public.events': 180,
      'public.deposits': 18,
      'public.indexer_state': 1,
    });
    const [tables] = await made.admin(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`);
    expect(Object.keys(backup.rows)).toHaveLength(Number(tables?.['n']));
    expect(JSON.parse(manifest.toString('utf8'))).toMatchObject({
      schema: 'tv.backup/1',
      database: { name: made.name },
      cursorBlock: 60,
      rows: backup.rows,
    });
    const { backups, leftovers } = await listBackups({ run, directory });
    expect(leftovers).toEqual([]);
    expect(backups).toMatchObject([
      { name: basename(path), problems: [], marks: { verified: { how: 'read', problems: [] } } },
    ]);
    expect(await problemsOf(database, await found(path))).toEqual([]);
  });

  it('counts odd table names and dumps from one snapshot while others write', async () => {
    const { made, backUp, database, path } = await make('per-kind');
    await made.admin(`SET ROLE tempovault; CREATE SCHEMA "od d"; CREATE TABLE "od d"."na.m""e (x)" (t text);
      INSERT INTO "od d"."na.m""e (x)" VALUES (E'\\\\.'), ('COPY a.b (c) FROM stdin;'), (NULL)`);
    // The lock wait comes after pg_dump has taken the snapshot and before it reads a row.
    const lock = await lockTable(made);
    const dumping = backUp();
    await untilDumpWaits(made);
    await made.admin(
      `INSERT INTO deposits (block_number, tx_hash, amount) VALUES (61, '0x', 1); DELETE FROM recalls`,
    );
    await lock.release();
    const { rows } = await dumping;
    expect(rows).toMatchObject({ 'public.deposits': 60, 'public.recalls': 60, 'od d.na.m"e (x)': 3 });
    expect(await problemsOf(database, await found(path))).toEqual([]);
  });

  it('keeps the password off every command line', async () => {
    const { made, backUp } = await make('raw-and-kinds');
    const lock = await lockTable(made);
    const dumping = backUp();
    await untilDumpWaits(made);
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return '';
        }
      });
    await lock.release();
    await dumping;
    expect(lines.some((line) => line.includes('pg_dump') && line.includes(applicationName))).toBe(true);
    expect(lines.filter((line) => line.includes(awkwardPassword))).toEqual([]);
  });

  it('never writes over what has its name', async () => {
    const { backUp, path } = await make('raw-and-kinds');
    mkdirSync(path);
    writeFileSync(join(path, 'precious'), 'precious');
    expect(await failureOf(backUp())).toMatchObject({
      code: 'backup.not-written',
    });
    expect(readFileSync(join(path, 'precious'), 'utf8')).toBe('precious');
    expect(readdirSync(directory)).toEqual([basename(path)]);
  });

  it('of another database than the planned one is not made', async () => {
    const { backUp, made } = await make('raw-and-kinds');
    const facts = { database: { name: made.name, systemIdentifier: null, oid: 1 } };
    expect(await failureOf(backUp({ facts }))).toMatchObject({
      code: 'run.target-changed',
      next: ['begin anew'],
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    [
      'its session is ended',
      'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1',
    ],
    [
      'its statement is cancelled',
      'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
    ],
  ])('leaves nothing when %s', async (_, statement) => {
    const { made, backUp } = await make('raw-and-kinds');
    await lockTable(made);
    const failure = failureOf(backUp());
    await untilDumpWaits(made);
    await made.admin(statement, [applicationName]);
    expect(await failure).toMatchObject({
      name: 'TvError',
      facts: { said: expect.stringMatching(/pg_dump: error/) },
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing, neither file nor session, when it is aborted', async () => {
    const { made, backUp } = await make('raw-and-kinds');
    await lockTable(made);
    const abort = new AbortController();
    const failure = failureOf(backUp({ signal: abort.signal }));
    await untilDumpWaits(made);
    const reason = new Error('interrupted');
    abort.abort(reason);
    expect(await failure).toBe(reason);
    expect(readdirSync(directory)).toEqual([]);
    expect(
      await made.admin('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [applicationName]),
    ).toEqual([]);
  });

  it('leaves nothing when no more can be written, a folder is missing, or a table may not be read', async () => {
    const { made, backUp } = await make('raw-and-kinds');
    expect(await failureOf(backUp({ facts: { directory: join(directory, 'no') } }))).toMatchObject({
      facts: { said: expect.stringMatching(/No such file or directory/) },
    });
    // Represents a full disk: a write past 4 KiB fails.
    const narrow: Host['run'] = (command, options) =>
      run(['bash', '-c', 'trap "" XFSZ; ulimit -f 4; exec "$@"', 'narrow', ...command], options);
    expect(await failureOf(backUp({ run: narrow }))).toMatchObject({
      message: 'The backup failed: pg_dump did not finish.',
      facts: { said: expect.stringMatching(/File too large|could not write/) },
    });
    expect(readdirSync(directory)).toEqual([]);
    await made.admin('CREATE TABLE secrets (id int)');
    expect(await failureOf(backUp())).toMatchObject({ name: 'TvError', message: /lacks a right|pg_dump/ });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing when the dump lacks the rows of a table', async () => {
    const { backUp } = await make('raw-and-kinds');
    const forgetful = withProgram(
      'pg_dump',
      `case "$*" in *--snapshot*) set -- --exclude-table-data=public.deposits "$@";; esac\nexec /usr/bin/pg_dump "$@"`,
    );
    expect(await failureOf(backUp({ run: forgetful }))).toMatchObject({
      code: 'backup.incomplete',
      facts: { problems: 'public.deposits has no rows in it, expected 18' },
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('ends an orphan of the same name first, and takes the place of what that has left', async () => {
    const { made, backUp, path } = await make('raw-and-kinds');
    const orphan = new pg.Client({ connectionString: made.url, application_name: applicationName });
    const gone = new Promise((resolve) => orphan.once('end', resolve));
    orphan.on('error', () => {});
    await orphan.connect();
    mkdirSync(`${path}.partial/data`, { recursive: true });
    writeFileSync(join(`${path}.partial`, 'data', 'toc.dat'), 'half of an earlier one');
    await backUp();
    await gone;
    expect(readdirSync(directory)).toEqual([basename(path)]);
  });

  it('tv killed while the files are flushed → what continues without it does not give the name', async () => {
    const { database, path } = await make('raw-and-kinds');
    mkdirSync(`${path}.partial`);
    writeFileSync(join(`${path}.partial`, 'file'), 'x');
    // What was begun ends, and no reader is left for its answer.
    let ended: (() => void) | undefined;
    const flushed = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const killed: Host['run'] = async (command, options) => {
      await run(command, options);
      ended?.();
      return new Promise(() => {});
    };
    void publishBackup(database, { run: killed, partial: `${path}.partial`, path });
    await flushed;
    expect(readdirSync(directory)).toEqual([`${basename(path)}.partial`]);
  });
});

const newer = await debianPrograms();

describe.runIf(typeof newer !== 'string')('a server of PostgreSQL 17 and its own programs', () => {
  const bin = typeof newer === 'string' ? '' : newer.bin17;
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(async () => {
    await server?.stop();
  });
  const before =
    (folders: string): Host['run'] =>
    (command, options) =>
      run(['env', `PATH=${folders}:${process.env['PATH'] ?? ''}`, ...command], options);
  /** As pg_dump 17 itself ends where it was built without zstd: before it connects. */
  const withoutZstd = `case " $* " in *zstd*) echo "pg_dump: error: this build does not support compression with ZSTD" >&2; exit 1 ;; esac
exec '${bin}/pg_dump' "$@"`;

  it.each(['zstd', 'gzip'] as const)(
    'the build has %s as its best → a directory in parallel, proven, restored equal; one damaged file is found',
    async (compression) => {
      const own = mkdtempSync(join(tmpdir(), 'tv-dump-bin-'));
      cleanUp.push(async () => rmSync(own, { recursive: true }));
      if (compression === 'gzip')
        writeFileSync(join(own, 'pg_dump'), `#!/bin/bash\n${withoutZstd}\n`, { mode: 0o755 });
      const as = before(`${own}:${bin}`);
      const { made, database, contextOf, backUp, path } = await make('raw-and-kinds', server);
      const format = await checkFormat(contextOf({ run: as }), { plain: false, tools: { major: 17 } });
      expect(format.value).toEqual({ form: 'directory', compression });
      const backup = await backUp({ run: as, facts: { form: 'directory', compression } });
      const data = readdirSync(join(path, 'data')).filter((name) => name !== 'toc.dat');
      const ending = compression === 'zstd' ? '.dat.zst' : '.dat.gz';
      expect(data.filter((name) => !name.endsWith(ending))).toEqual([]);
      expect(backup).toMatchObject({ cursorBlock: 60, rows: { 'public.events': 180 } });
      expect((await found(path)).manifest).toMatchObject({ server: { major: 17 } });
      expect(await problemsOf(database, await found(path), as)).toEqual([]);

      const into = await server.createDatabase('empty');
      const beside = connectDatabase({
        url: `postgres://postgres@${encodeURIComponent(server.socketDirectory)}:${server.port}/${into.name}`,
        timeoutMs: 5_000,
        applicationName: 'tv',
      });
      cleanUp.push(() => beside.close());
      await fillDatabase(beside, {
        run: as,
        backup: await found(path),
        jobs: 2,
        applicationName,
        expectedBytes: undefined,
      });
      expect((await checkFilled(beside, { rows: backup.rows })).problems).toEqual([]);
      expect(await readEverything(into)).toEqual(await readEverything(made));

      const largest = data
        .map((name) => join(path, 'data', name))
        .toSorted((a, b) => statSync(b).size - statSync(a).size)[0] as string;
      const bytes = readFileSync(largest);
      const middle = bytes.length >> 1;
      bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
      writeFileSync(largest, bytes);
      expect((await problemsOf(database, await found(path), as)).join('; ')).toContain(basename(largest));
    },
  );
});

it.runIf(typeof newer === 'string')(`PostgreSQL 17: left out, since ${newer}`, () => {});

describe('reading a backup before it is relied on', () => {
  it('names tables that differ or are missing, and a backup of another database', async () => {
    const { database, backUp, path } = await make('raw-and-kinds');
    await backUp();
    const backup = await found(path);
    if (backup.manifest === null) throw new Error('it has a manifest');
    const rows = { 'public.events': 181, 'public.deposits': 18, 'public.rebalances': 5 };
    const other = { ...backup, manifest: { ...backup.manifest, rows } };
    expect(await problemsOf(database, other)).toEqual([
      'public.events has 180 rows in it, expected 181',
      'public.rebalances is not in it (expected 5 rows)',
    ]);
    const another = await make('per-kind');
    expect((await problemsOf(another.database, backup))[0]).toMatch(/is a backup of the database/);
  });

  const damages = [
    ['is cut short', (file: string) => truncateSync(file, Math.floor(statSync(file).size * 0.6))],
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['is text', (file: string) => writeFileSync(file, 'CREATE TABLE x ();')],
    [
      'has a damaged block of data',
      (file: string) => {
        const bytes = readFileSync(file);
        // Of a custom archive the rows are its last 4.9 kB; before them comes the table of contents.
        const from = Math.max(20, bytes.length - 2_500);
        bytes.fill(0xff, from, from + 64);
        writeFileSync(file, bytes);
      },
    ],
  ] as const;

  it.each(damages)(
    'refuses one of which the largest file %s, and a restore from it changes nothing',
    async (_, damage) => {
      const { made, schema, database, backUp, path, contextOf } = await make('raw-and-kinds');
      await backUp();
      const { archive } = await found(path);
      const [largest = ''] = readdirSync(archive)
        .filter((name) => name !== 'toc.dat')
        .map((name) => join(archive, name))
        .toSorted((a, b) => statSync(b).size - statSync(a).size);
      damage(largest);
      const before = await readEverything(made);
      const failure = 'The backup is damaged; nothing was done.';
      const tools = { cores: 2 };
      const server = { major: (await readServer(database)).major };
      expect(
        await failureOf(requireSound(contextOf(), { path, depth: 'all', tools, server, failure })),
      ).toMatchObject({
        code: 'backup.damaged',
        message: failure,
        facts: { backup: path, problems: expect.stringContaining(basename(largest)) },
      });
      await failureOf(restoreTables(database, { run, archive, schema, applicationName }));
      expect(await readEverything(made)).toEqual(before);
    },
  );

  it.each(damages)('finds that a custom archive of another program %s', async (_, damage) => {
    const { made, database } = await make('raw-and-kinds');
    const file = join(directory, 'vault.dump');
    const at = ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres'];
    execFileSync(join(postgres.bin, 'pg_dump'), ['-Fc', '-f', file, ...at, made.name]);
    expect(await problemsOf(database, await found('vault.dump'))).toEqual([]);
    damage(file);
    expect((await problemsOf(database, await found('vault.dump'))).join()).toMatch(
      /^it (is empty|cannot be read to its end)/,
    );
  });
});

describe('restoreTables', () => {
  it.each(['raw-and-kinds', 'per-kind'] as const)(
    'puts the %s form back byte for byte, with sequences',
    async (form) => {
      const { made, database, schema, backUp } = await make(form);
      await made.admin(
        'SET ROLE tempovault; CREATE TABLE api_keys (id int); INSERT INTO api_keys VALUES (1)',
      );
      const before = await readEverything(made);
      const { path } = await backUp();
      const { archive } = await found(path);
      await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
      await made.admin(form === 'per-kind' ? fillPerKind(30, 80) : fillRawAndKinds(30, 80));
      await made.admin('INSERT INTO api_keys VALUES (2)');
      await restoreTables(database, { run, archive, schema, applicationName });
      expect(await readEverything(made)).toEqual({ ...before, api_keys: ['(1)', '(2)'] });
      // Sequences continue where they were: the indexer can insert.
      await made.admin(form === 'per-kind' ? fillPerKind(61, 62) : fillRawAndKinds(61, 62));
    },
  );

  it('is all or nothing: a row that no longer fits leaves everything as it was', async () => {
    const { made, database, schema, backUp } = await make('raw-and-kinds');
    const { path } = await backUp();
    const { archive } = await found(path);
    await made.admin(`ALTER TABLE withdrawals ADD CONSTRAINT small CHECK (amount < 5) NOT VALID`);
    await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
    const before = await readEverything(made);
    expect(await failureOf(restoreTables(database, { run, archive, schema, applicationName }))).toMatchObject(
      {
        message: 'The event tables could not be restored; they are unchanged.',
        facts: { said: expect.stringMatching(/violates check constraint "small"/) },
      },
    );
    expect(await readEverything(made)).toEqual(before);
  });

  it('is rolled back when pg_restore dies in the middle of a table', async () => {
    const { made, database, schema, backUp } = await make('raw-and-kinds');
    const { path } = await backUp();
    const { archive } = await found(path);
    await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
    const before = await readEverything(made);
    // A pg_restore that writes half of what it should and fails, at the time of the restore only.
    const dying = withProgram(
      'pg_restore',
      'case "$*" in *" -L "*) /usr/bin/pg_restore "$@" | head -c 4000; exit 1;; *) exec /usr/bin/pg_restore "$@";; esac',
    );
    await failureOf(restoreTables(database, { run: dying, archive, schema, applicationName }));
    expect(await readEverything(made)).toEqual(before);
  });

  it('refuses a backup without one of the tables', async () => {
    const { made, database, schema, backUp } = await make('raw-and-kinds');
    await made.admin('ALTER TABLE losses RENAME TO losses_old');
    const { path } = await backUp();
    const { archive } = await found(path);
    await made.admin('ALTER TABLE losses_old RENAME TO losses');
    expect(await failureOf(restoreTables(database, { run, archive, schema, applicationName }))).toMatchObject(
      { facts: { missing: 'public.losses' } },
    );
  });
});
