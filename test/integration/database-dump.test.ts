import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearEvents } from '../../src/database/clearEvents.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { type DumpDatabaseParameters, dumpDatabase } from '../../src/database/dumpDatabase.ts';
import type { EventSchema } from '../../src/database/eventSchema.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { restoreTables } from '../../src/database/restoreTables.ts';
import { verifyDump } from '../../src/database/verifyDump.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import type { Database } from '../../src/runbook/context.ts';
import { fillPerKind, fillRawAndKinds, readEverything } from '../support/eventTables.ts';
import { awkwardPassword, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
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
  readonly file: string;
  dump(parameters?: Partial<DumpDatabaseParameters>): ReturnType<typeof dumpDatabase>;
}

async function make(form: 'raw-and-kinds' | 'per-kind'): Promise<Made> {
  const made = await postgres.createDatabase(form);
  await made.admin(form === 'per-kind' ? fillPerKind(1, 60) : fillRawAndKinds(1, 60));
  const database = connectDatabase({ url: made.url, timeoutMs: 5_000, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  const file = join(directory, 'vault.dump');
  return {
    made,
    database,
    schema: await readEventSchema(database),
    file,
    dump: (parameters) =>
      dumpDatabase(database, { run, file, applicationName: 'tv dump test', ...parameters }),
  };
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
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'tv dump test' AND wait_event_type = 'Lock'`,
    );
    if (waiting.length > 0) return;
    await sleep(20);
  }
}

describe('dumpDatabase', () => {
  it('makes a private, complete archive and says what is in it', async () => {
    const { made, dump, file } = await make('raw-and-kinds');
    const backup = await dump();
    expect(readdirSync(directory)).toEqual(['vault.dump']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(backup).toMatchObject({
      file,
      bytes: statSync(file).size,
      sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
    });
    expect(backup.rows).toMatchObject({
      'public.events': 180,
      'public.deposits': 18,
      'public.indexer_state': 1,
    });
    const [tables] = await made.admin(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`);
    expect(Object.keys(backup.rows)).toHaveLength(Number(tables?.['n']));
  });

  it('counts odd table names and dumps from one snapshot while others write', async () => {
    const { made, dump, file, database } = await make('per-kind');
    await made.admin(`SET ROLE tempovault; CREATE SCHEMA "od d"; CREATE TABLE "od d"."na.m""e (x)" (t text);
      INSERT INTO "od d"."na.m""e (x)" VALUES (E'\\\\.'), ('COPY a.b (c) FROM stdin;'), (NULL)`);
    // The lock wait comes after pg_dump has taken the snapshot and before it reads a row.
    const lock = await lockTable(made);
    const dumping = dump();
    await untilDumpWaits(made);
    await made.admin(
      `INSERT INTO deposits (block_number, tx_hash, amount) VALUES (61, '0x', 1); DELETE FROM recalls`,
    );
    await lock.release();
    const { rows } = await dumping;
    expect(rows).toMatchObject({ 'public.deposits': 60, 'public.recalls': 60, 'od d.na.m"e (x)': 3 });
    const verdict = await verifyDump(database, { run, file, tables: rows });
    expect(verdict).toMatchObject({ intact: true, problems: [], rows, database: made.name });
  });

  it('keeps the password off every command line', async () => {
    const { made, dump } = await make('raw-and-kinds');
    const lock = await lockTable(made);
    const dumping = dump();
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
    expect(lines.some((line) => line.includes('pg_dump') && line.includes('tv dump test'))).toBe(true);
    expect(lines.filter((line) => line.includes(awkwardPassword))).toEqual([]);
  });

  it('never writes over a file', async () => {
    const { dump, file } = await make('raw-and-kinds');
    writeFileSync(file, 'precious');
    expect(await failureOf(dump())).toMatchObject({ message: 'The backup failed: pg_dump did not finish.' });
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(readdirSync(directory)).toEqual(['vault.dump']);
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
    const { made, dump } = await make('raw-and-kinds');
    await lockTable(made);
    const failure = failureOf(dump());
    await untilDumpWaits(made);
    await made.admin(statement, ['tv dump test']);
    expect(await failure).toMatchObject({
      name: 'TvError',
      facts: { said: expect.stringMatching(/pg_dump: error/) },
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing, neither file nor session, when it is aborted', async () => {
    const { made, dump } = await make('raw-and-kinds');
    await lockTable(made);
    const abort = new AbortController();
    const failure = failureOf(dump({ signal: abort.signal }));
    await untilDumpWaits(made);
    const reason = new Error('interrupted');
    abort.abort(reason);
    expect(await failure).toBe(reason);
    expect(readdirSync(directory)).toEqual([]);
    expect(
      await made.admin(`SELECT pid FROM pg_stat_activity WHERE application_name = 'tv dump test'`),
    ).toEqual([]);
  });

  it('leaves nothing when no more can be written, a folder is missing, or a table may not be read', async () => {
    const { made, dump } = await make('raw-and-kinds');
    expect(await failureOf(dump({ file: join(directory, 'no', 'vault.dump') }))).toMatchObject({
      facts: { said: expect.stringMatching(/No such file or directory/) },
    });
    // Stands for a full disk: a write past 4 KiB fails.
    const narrow: typeof run = (command, options) =>
      run(['bash', '-c', 'trap "" XFSZ; ulimit -f 4; exec "$@"', 'narrow', ...command], options);
    expect(await failureOf(dump({ run: narrow }))).toMatchObject({
      message: 'The backup failed: pg_dump did not finish.',
      facts: { said: expect.stringMatching(/File too large|could not write/) },
    });
    expect(readdirSync(directory)).toEqual([]);
    await made.admin('CREATE TABLE secrets (id int)');
    expect(await failureOf(dump())).toMatchObject({ name: 'TvError', message: /lacks a right|pg_dump/ });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('ends an orphan of the same name first', async () => {
    const { made, dump } = await make('raw-and-kinds');
    const orphan = new pg.Client({ connectionString: made.url, application_name: 'tv dump test' });
    const gone = new Promise((resolve) => orphan.once('end', resolve));
    orphan.on('error', () => {});
    await orphan.connect();
    writeFileSync(join(directory, 'vault.dump.partial'), 'half of an earlier one');
    await dump();
    await gone;
    expect(readdirSync(directory)).toEqual(['vault.dump']);
  });
});

describe('verifyDump', () => {
  it('names tables that differ or are missing, and a backup of another database', async () => {
    const { database, dump, file } = await make('raw-and-kinds');
    await dump();
    const verdict = await verifyDump(database, {
      run,
      file,
      tables: { 'public.events': 181, 'public.deposits': 18, 'public.rebalances': 5 },
    });
    expect(verdict.intact).toBe(false);
    expect(verdict.problems).toEqual([
      'public.events has 180 rows in it, expected 181',
      'public.rebalances is not in it (expected 5 rows)',
    ]);
    const other = await make('per-kind');
    expect((await verifyDump(other.database, { run, file, tables: {} })).problems[0]).toMatch(
      /is a backup of the database/,
    );
  });

  it.each([
    ['is cut short', (file: string) => truncateSync(file, Math.floor(statSync(file).size * 0.6))],
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['is text', (file: string) => writeFileSync(file, 'CREATE TABLE x ();')],
    [
      'has a damaged block of data',
      (file: string) => {
        const bytes = readFileSync(file);
        // The rows are its last 4.9 kB; before them comes the table of contents.
        bytes.fill(0xff, bytes.length - 2_500, bytes.length - 2_436);
        writeFileSync(file, bytes);
      },
    ],
  ])('fails on an archive that %s, and a restore from it touches nothing', async (_, damage) => {
    const { made, database, schema, dump, file } = await make('raw-and-kinds');
    await dump();
    damage(file);
    expect(await failureOf(verifyDump(database, { run, file, tables: {} }))).toMatchObject({
      message: 'The backup cannot be read to its end.',
      facts: { file },
    });
    const before = await readEverything(made);
    await failureOf(restoreTables(database, { run, file, schema, applicationName: 'tv restore test' }));
    expect(await readEverything(made)).toEqual(before);
  });
});

describe('restoreTables', () => {
  it.each(['raw-and-kinds', 'per-kind'] as const)(
    'puts the %s form back byte for byte, with sequences',
    async (form) => {
      const { made, database, schema, dump, file } = await make(form);
      await made.admin(
        'SET ROLE tempovault; CREATE TABLE api_keys (id int); INSERT INTO api_keys VALUES (1)',
      );
      const before = await readEverything(made);
      await dump();
      await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
      await made.admin(form === 'per-kind' ? fillPerKind(30, 80) : fillRawAndKinds(30, 80));
      await made.admin('INSERT INTO api_keys VALUES (2)');
      const restored = await restoreTables(database, {
        run,
        file,
        schema,
        applicationName: 'tv restore test',
      });
      expect(restored.rows).toBe(form === 'per-kind' ? 420 : 360);
      expect(await readEverything(made)).toEqual({ ...before, api_keys: ['(1)', '(2)'] });
      // Sequences go on where they stood: the indexer can insert.
      await made.admin(form === 'per-kind' ? fillPerKind(61, 62) : fillRawAndKinds(61, 62));
    },
  );

  it('is all or nothing: a row that no longer fits leaves everything as it was', async () => {
    const { made, database, schema, dump, file } = await make('raw-and-kinds');
    await dump();
    await made.admin(`ALTER TABLE withdrawals ADD CONSTRAINT small CHECK (amount < 5) NOT VALID`);
    await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
    const before = await readEverything(made);
    expect(
      await failureOf(restoreTables(database, { run, file, schema, applicationName: 'tv restore test' })),
    ).toMatchObject({
      message: 'The event tables could not be put back; they are as they were before.',
      facts: { said: expect.stringMatching(/violates check constraint "small"/) },
    });
    expect(await readEverything(made)).toEqual(before);
  });

  it('is rolled back when pg_restore dies in the middle of a table', async () => {
    const { made, database, schema, dump, file } = await make('raw-and-kinds');
    await dump();
    await clearEvents(database, { schema, fromBlock: 30, all: false, cursor: 29 });
    const before = await readEverything(made);
    // A pg_restore that writes half of what it should and fails, at the time of the restore only.
    const script = join(directory, 'pg_restore');
    writeFileSync(
      script,
      '#!/bin/bash\ncase "$*" in *" -L "*) /usr/bin/pg_restore "$@" | head -c 4000; exit 1;; *) exec /usr/bin/pg_restore "$@";; esac\n',
      { mode: 0o755 },
    );
    const dying: typeof run = (command, options) =>
      run(['env', `PATH=${directory}:${process.env['PATH'] ?? ''}`, ...command], options);
    await failureOf(
      restoreTables(database, { run: dying, file, schema, applicationName: 'tv restore test' }),
    );
    expect(await readEverything(made)).toEqual(before);
  });

  it('refuses a backup without one of the tables', async () => {
    const { made, database, schema, dump, file } = await make('raw-and-kinds');
    await made.admin('ALTER TABLE losses RENAME TO losses_old');
    await dump();
    await made.admin('ALTER TABLE losses_old RENAME TO losses');
    expect(
      await failureOf(restoreTables(database, { run, file, schema, applicationName: 'tv restore test' })),
    ).toMatchObject({ facts: { missing: 'public.losses' } });
  });
});
