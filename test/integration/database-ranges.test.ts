import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dumpTo } from '../../src/database/backup/dumpTo.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { readManifest, writeManifest } from '../../src/database/backup/manifest.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { clearEvents } from '../../src/database/clearEvents.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readServer } from '../../src/database/readServer.ts';
import { restoreTables } from '../../src/database/restoreTables.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { type BackupFacts, backupPath, nameBackup, proveBackup } from '../../src/operations/backup.ts';
import type { Database } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { fillRawAndKinds, readEverything } from '../support/eventTables.ts';
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const execute = promisify(execFile);
const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
const runId = '20261128-120000-db-backup-7f3a';
let postgres: TestPostgres;
let directory: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-ranges-'));
});
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
  rmSync(directory, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres?.stop();
});

/** What a restore by name and position would mix up, and what COPY does not take. */
const awkwardTables = `
  SET ROLE tempovault;
  CREATE SCHEMA "od d";
  CREATE TABLE "od d"."na.m""e (x)" (gone int, "from" text, "b ""c" int GENERATED ALWAYS AS IDENTITY,
    doubled int GENERATED ALWAYS AS ("n" * 2) STORED, "n" int, at timestamptz, span interval, f float8, raw bytea);
  ALTER TABLE "od d"."na.m""e (x)" DROP COLUMN gone;
  INSERT INTO "od d"."na.m""e (x)" ("from", n, at, span, f, raw)
    SELECT E'\\\\.\\n\\t\\\\N COPY a FROM stdin;', n, '2026-01-31 12:00+02', '1 mon 2 days', 0.1::float8 + n, '\\x00ff5c'
    FROM generate_series(1, 500) n;
  INSERT INTO "od d"."na.m""e (x)" ("from", n) VALUES (NULL, NULL), ('', 0);
  CREATE TABLE empty_one (id int);
  CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
  INSERT INTO child SELECT generate_series(1, 2000);
  CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
  INSERT INTO parted SELECT n, repeat('x', 100) FROM generate_series(1, 900) n;
  SELECT lo_from_bytea(4711, 'large object');
  ALTER TABLE parted OWNER TO tempovault`;

async function make(): Promise<{ made: TestDatabase; database: Database }> {
  const made = await postgres.createDatabase('raw-and-kinds');
  await made.admin(fillRawAndKinds(1, 60));
  const database = connectDatabase({ url: made.url, timeoutMs: 5_000, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  return { made, database };
}

/** As `tv db backup` makes it, with ranges of two pages by default. @returns its path */
async function backUp(
  database: Database,
  {
    compression = 'zstd',
    rangeBytes = 16_384,
    jobs = 2,
  }: { readonly compression?: 'zstd' | 'gzip'; readonly rangeBytes?: number; readonly jobs?: number } = {},
): Promise<string> {
  const { databaseOid: oid, systemIdentifier, version, major } = await readServer(database);
  const facts: BackupFacts = {
    form: 'ranges',
    compression,
    directory,
    database: { name: database.target.name, systemIdentifier, oid },
    server: { version, major },
    tools: { major, version: 'pg_dump (PostgreSQL)', cores: 2, memoryBytes: 1_073_741_824 },
  };
  const ctx = {
    runId,
    version: '0.0.0',
    database: () => database,
    host: () => ({ prefix: [], run }),
    clock: { now: () => new Date() },
    signal: new AbortController().signal,
    progress: () => {},
  } as unknown as StepContext;
  const path = backupPath(facts, runId);
  const snapshot = await dumpTo(database, {
    run,
    form: 'ranges',
    compression,
    rangeBytes,
    partial: `${path}.partial`,
    jobs,
    applicationName: `tv ${runId}`,
  });
  await proveBackup(ctx, facts, snapshot);
  await nameBackup(ctx, facts);
  return path;
}

async function problemsOf(database: Database, path: string): Promise<readonly string[]> {
  const { major } = await readServer(database);
  const backup = await findBackup({ run, directory, wanted: path });
  return (await verifyBackup(database, { run, backup, depth: 'all', jobs: 2, serverMajor: major })).problems;
}

/** Restores with the backup's own script and stock programs alone. */
async function restoreAlone(path: string, shell: string) {
  const into = await postgres.createDatabase('empty');
  // The script makes the schema itself: a plain `createdb` has it, owned by the superuser.
  const at = ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres'];
  const script = [join(path, 'restore.sh'), '-d', into.name, ...at];
  const done = execute(shell, script, {
    cwd: '/',
    env: { PATH: `${postgres.bin}:/usr/bin:/bin`, JOBS: '3' },
  });
  return { into, done };
}

describe('a backup in ranges of pages', () => {
  it.each(['zstd', 'gzip'] as const)(
    'compressed with %s: restored by its own script in any sh, byte for byte',
    async (compression) => {
      const { made, database } = await make();
      await made.admin(awkwardTables);
      const path = await backUp(database, { compression });
      const files = readdirSync(join(path, 'large-tables'));
      // Or else this shows nothing: several ranges of one table, of every kind of name.
      expect(files.length).toBeGreaterThan(20);
      expect(files.filter((name) => name.endsWith(compression === 'zstd' ? '.zst' : '.gz'))).toHaveLength(
        files.length - 1,
      );
      expect(statSync(path).mode & 0o777).toBe(0o700);
      expect(await problemsOf(database, path)).toEqual([]);
      const before = await readEverything(made);
      expect(before['na.m"e (x)']).toHaveLength(502);
      for (const shell of ['dash', 'bash']) {
        const { into, done } = await restoreAlone(path, shell);
        expect((await done).stdout).toBe('restored\n');
        expect(await readEverything(into)).toEqual(before);
        expect(await into.admin(`SELECT lo_get(4711)::text AS text`)).toEqual([
          { text: `\\x${Buffer.from('large object').toString('hex')}` },
        ]);
        const next = `SELECT nextval('events_id_seq') AS id`;
        expect(await into.admin(next)).toEqual(
          await made.admin(`SELECT last_value + 1 AS id FROM events_id_seq`),
        );
        const [valid] = await into.admin(
          `SELECT bool_and(convalidated) AS yes, count(*)::int AS n FROM pg_constraint WHERE contype = 'f'`,
        );
        expect(valid).toEqual({ yes: true, n: 10 });
      }
    },
  );

  it('its script without a database to restore into says how it is called', async () => {
    const { database } = await make();
    const path = await backUp(database);
    await expect(execute('sh', [join(path, 'restore.sh')])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('sh restore.sh -d DATABASE'),
    });
  });

  it('is of one snapshot while rows are moved, added and deleted, and the file grows', async () => {
    const { made, database } = await make();
    let stop = false;
    const writing = (async () => {
      for (let round = 0; !stop; round++) {
        // Each statement keeps the number of rows: a range that saw another state would change the sum.
        await made.admin(`UPDATE events SET log_index = log_index + 10 WHERE id % 7 = ${round % 7}`);
      }
    })();
    try {
      const path = await backUp(database);
      expect(await problemsOf(database, path)).toEqual([]);
      const { into, done } = await restoreAlone(path, 'sh');
      await done;
      const [row] = await into.admin(
        'SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM events',
      );
      expect(row).toEqual({ rows: 180, ids: 180 });
      // Of one moment: every seventh has been moved as often as the others of its round, or once more.
      const moved = await into.admin(
        'SELECT id % 7 AS round, count(DISTINCT log_index / 10)::int AS states FROM events GROUP BY 1',
      );
      expect(moved.map(({ states }) => states)).toEqual(Array(7).fill(1));
    } finally {
      stop = true;
      await writing;
    }
  });

  it('workers that find nothing to do, and end before pg_dump → a whole backup', async () => {
    const { database } = await make();
    for (let attempt = 0; attempt < 3; attempt++) {
      const path = await backUp(database, { rangeBytes: 2 ** 30, jobs: 8 });
      expect(await problemsOf(database, path)).toEqual([]);
      rmSync(path, { recursive: true });
    }
  });

  it('rows that a policy hides are an error, and nothing is left', async () => {
    const { made, database } = await make();
    await made.admin(`ALTER TABLE deposits ENABLE ROW LEVEL SECURITY; ALTER TABLE deposits FORCE ROW LEVEL SECURITY;
      CREATE POLICY few ON deposits USING (id % 2 = 0)`);
    await expect(backUp(database)).rejects.toMatchObject({
      code: 'backup.dump-failed',
      facts: { said: expect.stringContaining('row-level security') },
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('no more can be written: fails, and nothing is left', async () => {
    const { database } = await make();
    const narrow: typeof run = (command, options) =>
      run(['bash', '-c', 'trap "" XFSZ; ulimit -f 4; exec "$@"', 'narrow', ...command], options);
    await expect(
      dumpTo(database, {
        run: narrow,
        form: 'ranges',
        compression: 'gzip',
        rangeBytes: 1_000_000,
        partial: join(directory, 'vault.partial'),
        jobs: 2,
        applicationName: 'tv test',
      }),
    ).rejects.toMatchObject({ code: 'backup.dump-failed' });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('only the event tables are restored from it, in one transaction', async () => {
    const { made, database } = await make();
    const before = await readEverything(made);
    const path = await backUp(database);
    const schema = await readEventSchema(database);
    await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
    await made.admin(fillRawAndKinds(30, 80));
    const { archive } = await findBackup({ run, directory, wanted: path });
    const restore = () =>
      restoreTables(database, { run, archive, ranges: path, schema, applicationName: 'tv test' });
    const changed = await readEverything(made);
    const [file = ''] = files(path);
    renameSync(file, `${file}.away`);
    await expect(restore()).rejects.toMatchObject({ code: 'db.restore-failed' });
    expect(await readEverything(made)).toEqual(changed);
    renameSync(`${file}.away`, file);
    await restore();
    expect(await readEverything(made)).toEqual(before);
  });
});

/** The ranges of a backup, the largest file first. */
function files(path: string): readonly string[] {
  const folder = join(path, 'large-tables');
  return readdirSync(folder)
    .filter((name) => name !== 'ranges.tsv')
    .map((name) => join(folder, name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}

/** As whoever may write to the folder could: size and sum of a file are made anew, and the manifest's own digest. */
function forgeSums(path: string, file: string): void {
  const read = readManifest(readFileSync(join(path, 'manifest.json'), 'utf8'));
  if (!('manifest' in read)) throw new Error(read.problem);
  const bytes = readFileSync(join(path, file));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const listed = read.manifest.files.map((one) =>
    one.path === file ? { path: file, bytes: bytes.length, sha256 } : one,
  );
  writeFileSync(join(path, 'manifest.json'), writeManifest({ ...read.manifest, files: listed }));
}

describe('a damaged backup in ranges', () => {
  it.each<readonly [string, (path: string, largest: string) => void, RegExp]>([
    [
      'a range is cut short',
      (_, largest) => truncateSync(largest, Math.floor(statSync(largest).size * 0.6)),
      /bytes, not|cannot be uncompressed/,
    ],
    ['a range is missing', (_, largest) => rmSync(largest), /is missing/],
    [
      'a range has other bytes',
      (_, largest) => {
        const bytes = readFileSync(largest);
        bytes.fill(0xff, 40, 60);
        writeFileSync(largest, bytes);
      },
      /cannot be uncompressed|was changed after it was written/,
    ],
  ])('%s: named by the reading, and its own script fails', async (_, damage, problem) => {
    const { database } = await make();
    const path = await backUp(database);
    damage(path, files(path)[0] ?? '');
    expect((await problemsOf(database, path)).join('; ')).toMatch(problem);
    const { done } = await restoreAlone(path, 'dash');
    await expect(done).rejects.toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    ['SQL behind a table', (text: string) => text.replace('public.events', 'public.events; DROP TABLE x')],
    ['SQL behind a column', (text: string) => text.replace('\tid, ', '\tid) FROM PROGRAM $$id$$; --, ')],
    ['a file elsewhere', (text: string) => text.replace(/^1\.1\.copy\.zst/, '../../elsewhere')],
    ['a system table', (text: string) => text.replace('public.events', 'pg_catalog.pg_authid')],
    ['a range twice', (text: string) => text + text.slice(0, text.indexOf('\n') + 1)],
  ])('%s in the list of its ranges: refused', async (_, change) => {
    const { database } = await make();
    const path = await backUp(database);
    const list = join(path, 'large-tables', 'ranges.tsv');
    const text = readFileSync(list, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(list, change(text));
    forgeSums(path, 'large-tables/ranges.tsv');
    expect((await problemsOf(database, path)).join('; ')).toMatch(/line \d+ of ranges\.tsv is not one of tv/);
  });

  it('is listed as broken without its manifest', async () => {
    const { database } = await make();
    const path = await backUp(database);
    rmSync(join(path, 'manifest.json'));
    mkdirSync(join(directory, 'unrelated'));
    const backup = await findBackup({ run, directory, wanted: path });
    expect(backup).toMatchObject({ form: 'ranges', problems: ['its manifest is missing'] });
  });
});
