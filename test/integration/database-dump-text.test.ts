import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import dumpReader from '../../src/database/backup/dumpReader.awk';
import { type DumpText, parseDumpText } from '../../src/database/backup/dumpScript.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { fillDatabase } from '../../src/database/restore/fillDatabase.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { checkCode } from '../../src/operations/restoreBeside.ts';
import type { Context, Database, Host } from '../../src/runbook/context.ts';
import { fillPerKind, readEverything } from '../support/eventTables.ts';
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
let postgres: TestPostgres;
let live: TestDatabase;
let database: Database;
let dump: string;
let small: string;
let scratch: TestDatabase;
let directory: string;
let marker: string;

beforeAll(async () => {
  postgres = await startPostgres();
  live = await postgres.createDatabase('per-kind');
  await live.admin(fillPerKind(1, 5));
  await live.admin(String.raw`
    CREATE TABLE odd (id int PRIMARY KEY, note text DEFAULT E'\\ it''s \\! \'' CHECK (note !~ '^\s'));
    INSERT INTO odd VALUES (1, E'a\tb\n\\! touch x\n\\.\n'), (2, NULL), (3, '$$ /* -- '' " ;'), (4, E'\\');
    COMMENT ON TABLE odd IS E'one\n\\! touch /tmp/x \\g | y';
    CREATE FUNCTION odd_one() RETURNS text LANGUAGE plpgsql AS $f$
    BEGIN
      /* \! touch /tmp/x */
      RETURN $$ \g | touch $$ || E'\\! it''s'; -- \o /tmp/x
    END $f$;
    CREATE FUNCTION odd_two() RETURNS int LANGUAGE sql
      BEGIN ATOMIC SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 2; END;
    CREATE TABLE "odd ""quoted"" COPY x FROM stdin" ("a\!b" int, "c""d;" text);
    INSERT INTO "odd ""quoted"" COPY x FROM stdin" VALUES (1, 'x');
    CREATE TABLE nothing (id int);
    ALTER TABLE odd OWNER TO tempovault;
  `);
  dump = pgDump();
  // As an older pg_dump writes it, without a key: psql would see to most of it by itself.
  small = pgDump('-t', 'nothing').replace(/^\\(un)?restrict .*\n/gm, '');
  scratch = await postgres.createDatabase('empty');
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-dump-text-'));
  marker = join(directory, 'it-ran');
  database = connectDatabase({ url: live.url, timeoutMs: 5_000, applicationName: 'tv' });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});
afterAll(async () => {
  await postgres?.stop();
});

function pgDump(...flags: readonly string[]): string {
  const at = ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres', live.name];
  return execFileSync('pg_dump', [...flags, ...at], {
    encoding: flags.includes('-Fc') ? 'latin1' : 'utf8',
  });
}

async function backupOf(text: string, name = 'vault.sql') {
  const encoding = text.startsWith('PGDMP') ? 'latin1' : 'utf8';
  writeFileSync(join(directory, name), name.endsWith('.gz') ? gzipSync(text) : text, encoding);
  return findBackup({ run, directory, wanted: name });
}

/** Through the command itself only where its other parts count: it starts ten times the programs. */
function read(text: string): DumpText {
  const options = { input: text, encoding: 'utf8', env: plain } as const;
  return parseDumpText(execFileSync('awk', ['-v', 'mode=read', dumpReader], options));
}

/** Everything in it, in an empty database, as superuser and without a key. */
function psql(input: string | Buffer): void {
  const at = [
    '-h',
    postgres.socketDirectory,
    '-p',
    String(postgres.port),
    '-U',
    'postgres',
    '-d',
    scratch.name,
  ];
  spawnSync(join(postgres.bin, 'psql'), [
    '-X',
    '-q',
    '-c',
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public',
    ...at,
  ]);
  spawnSync(join(postgres.bin, 'psql'), ['-X', '-q', '-o', '/dev/null', ...at, '-f', '-'], { input });
}

async function verified(text: string, name?: string) {
  const backup = await backupOf(text, name);
  return verifyBackup(database, { run, backup, depth: 'all', jobs: 1, serverMajor: 99 });
}

/** As the superuser, as `database.adminUrl` would: whatever it could do, it would be let. */
async function restored(
  text: string,
  { name = 'vault.sql', on = run }: { name?: string; on?: Host['run'] } = {},
) {
  const made = await postgres.createDatabase('empty');
  const host = encodeURIComponent(postgres.socketDirectory);
  const url = `postgresql://postgres@${host}:${postgres.port}/${made.name}`;
  const empty = connectDatabase({ url, timeoutMs: 5_000, applicationName: 'tv' });
  try {
    const backup = await backupOf(text, name);
    await fillDatabase(empty, {
      run: on,
      backup,
      jobs: 1,
      applicationName: 'tv test',
      expectedBytes: undefined,
    });
    return made;
  } finally {
    await empty.close();
  }
}

/** A psql of before `\restrict`, which says so as those do. */
const oldPsql: Host['run'] = async (command, options) => {
  const folder = join(directory, 'old');
  execFileSync('mkdir', ['-p', folder]);
  writeFileSync(
    join(folder, 'psql'),
    `#!/bin/bash\ninput=$(cat; echo .)\ncase $input in *'\\restrict '*) echo 'psql:<stdin>:1: error: invalid command \\restrict' >&2; exit 3;; esac\nprintf %s "\${input%.}" | exec ${join(postgres.bin, 'psql')} "$@"\n`,
    { mode: 0o755 },
  );
  const [bash = '', flag = '', script = '', ...rest] = command;
  return run(bash === 'bash' ? [bash, flag, `PATH=${folder}:$PATH\n${script}`, ...rest] : command, options);
};

const plain = { ...process.env, LC_ALL: 'C' };
const touch = () => `touch ${marker}`;
const end = '\n--\n-- PostgreSQL database dump complete\n';
/** A dump of one table, which ends with this text. */
const ending = (text: string) => small.replace(end, () => `\n${text}\n${end}`);
/** Directly after the data of the table. */
const afterData = (text: string) => small.replace('\n\\.\n', () => `\n\\.\n${text}\n`);

describe('a dump in which something is hidden that psql or the server would run', () => {
  it.each<[string, () => string]>([
    ['an indented command', () => ending(`COMMENT ON TABLE public.nothing IS NULL;\n \\! ${touch()}`)],
    ['a command at the beginning of a line', () => ending(`\\! ${touch()}`)],
    ['a command behind a tab', () => ending(`\t\\! ${touch()}`)],
    ['a command behind a statement', () => ending(`COMMENT ON TABLE public.nothing IS NULL; \\! ${touch()}`)],
    ['\\g with a pipe', () => ending(`SELECT 1 \\g | ${touch()}`)],
    ['\\gx with a file', () => ending(`SELECT 1 \\gx ${marker}`)],
    ['\\o with a pipe', () => ending(` \\o | ${touch()}`)],
    ['\\o with a file', () => ending(`\\o ${marker}\nSELECT 1;`)],
    ['\\w with a file', () => ending(`SELECT 1 \\w ${marker}`)],
    ['\\copy to a program', () => ending(`\\copy public.nothing to program '${touch()}'`)],
    ['\\copy to a file', () => ending(`\\copy public.nothing to '${marker}'`)],
    [
      '\\i of a file',
      () => {
        writeFileSync(join(directory, 'x'), `\\! ${touch()}\n`);
        return ending(`\\i ${join(directory, 'x')}`);
      },
    ],
    ['backticks of \\set', () => ending(`\\set x \`${touch()}\``)],
    ['\\setenv and \\e', () => ending(`\\setenv PSQL_EDITOR '${touch()};'\n\\e`)],
    ['\\gexec', () => ending(`SELECT $$COPY public.nothing TO PROGRAM '${touch()}'$$ \\gexec`)],
    ['a command behind a comment', () => ending(`/* x /* y */ */ \\! ${touch()}`)],
    ['a command behind a quoted name', () => ending(`SELECT 1 AS "a""" \\! ${touch()}`)],
    ['a command behind a string', () => ending(`SELECT 'it''s' \\! ${touch()}`)],
    ['a command behind a string with escapes', () => ending(`SELECT E'\\\\\\'' \\! ${touch()}`)],
    ['a command behind a string that only looks escaped', () => ending(`SELECT '\\' \\! ${touch()}\n--'`)],
    ['a command behind a dollar quote', () => ending(`SELECT $a$ $b$ $a$ \\! ${touch()}`)],
    ['a command where a dollar quote only seems to begin', () => ending(`SELECT a$b$ \\! ${touch()}\n$b$`)],
    ['a command behind data', () => afterData(` \\! ${touch()}`)],
    [
      'data that only seems to begin: in a body',
      () =>
        ending(
          `CREATE FUNCTION x() RETURNS int BEGIN ATOMIC SELECT 1; COPY public.nothing FROM stdin;\n\\! ${touch()}\n\\.\nEND;`,
        ),
    ],
    [
      'data that only seems to begin: in a comment',
      () => ending(`-- x\n/*\nCOPY public.nothing FROM stdin;\n*/ \\! ${touch()}`),
    ],
    [
      'data that only seems to begin: in a string',
      () => ending(`SELECT '\nCOPY public.nothing FROM stdin;\n' \\! ${touch()}`),
    ],
    ['COPY to a program', () => ending(`COPY public.nothing TO PROGRAM '${touch()}';`)],
    ['COPY from a program', () => ending(`COPY public.nothing (id)\n  FROM\n  PROGRAM '${touch()}';`)],
    ['COPY in small letters', () => ending(`/* */ copy public.nothing to program $$${touch()}$$;`)],
    [
      'COPY that ends like one of data',
      () => ending(`COPY public.nothing TO PROGRAM '${touch()}' -- FROM stdin;\n;`),
    ],
    ['COPY of a query', () => ending(`COPY (SELECT 1) TO PROGRAM '${touch()}';`)],
    ['COPY to a file', () => ending(`COPY public.nothing TO '${marker}';`)],
    [
      'COPY in a DO block',
      () => ending(`DO $$ BEGIN EXECUTE 'CO' || 'PY public.nothing TO PROGRAM ''${touch()}'''; END $$;`),
    ],
    ['\\connect to another database', () => ending(`\\connect postgres\n\\! ${touch()}`)],
    ['\\unrestrict with a key of its own', () => ending(`\\unrestrict x\n\\! ${touch()}`)],
    [
      'strings that mean something else',
      () => ending(`SET standard_conforming_strings = off;\nSELECT '\\'' \\! ${touch()}\n--'`),
    ],
  ])('%s: refused, and nothing runs, though psql would run it', async (_, make) => {
    // A server that could write anywhere.
    execFileSync('chmod', ['777', directory]);
    const text = make();
    expect(text).not.toBe(small);
    expect.soft(read(text).problems.join()).toMatch(/it (has|changes)|its lines/);
    const fed = spawnSync('awk', ['-v', 'mode=feed', '-v', 'known=', dumpReader], {
      input: text,
      env: plain,
    });
    expect.soft(fed.status).toBe(3);
    psql(fed.stdout);
    expect(existsSync(marker)).toBe(false);
    // Without the filter it would have: or else the row shows nothing.
    psql(text);
    expect(existsSync(marker)).toBe(true);
  });

  it.each(['vault.sql', 'vault.sql.gz'])(
    'as %s, whatever psql is there: named, and not restored',
    async (name) => {
      const text = ending(`COMMENT ON TABLE public.nothing IS NULL;\n \\! ${touch()}`);
      expect((await verified(text, name)).problems).toEqual(['it has a psql command in it: \\!']);
      for (const on of [run, oldPsql]) {
        await expect(restored(text, { name, on })).rejects.toMatchObject({
          facts: { said: expect.stringContaining('refused: it has a psql command in it: \\!') },
        });
      }
      expect(existsSync(marker)).toBe(false);
    },
  );

  it('where the reading of it should fail: psql itself refuses it under its key', async () => {
    const blind: Host['run'] = ([bash = '', flag = '', script = '', ...rest], options) =>
      run([bash, flag, `awk() { cat; }\n${script}`, ...rest], options);
    const text = ending(`COMMENT ON TABLE public.nothing IS NULL;\n \\! ${touch()}`);
    await expect(restored(text, { on: blind })).rejects.toMatchObject({
      facts: { said: expect.stringContaining('restricted') },
    });
    expect(existsSync(marker)).toBe(false);
  });

  it('a start-up file of psql is not read', async () => {
    const home = join(directory, 'home');
    execFileSync('mkdir', [home]);
    writeFileSync(join(home, '.psqlrc'), `\\! ${touch()}\n`);
    const at: Host['run'] = ([bash = '', flag = '', script = '', ...rest], options) =>
      run([bash, flag, `export HOME=${home} PSQLRC=${home}/.psqlrc\n${script}`, ...rest], options);
    await restored(dump, { on: at });
    expect(existsSync(marker)).toBe(false);
  });
});

/** What a superuser could do to the whole server, or run as itself. */
const foreign: readonly (readonly [string, string])[] = [
  ['CREATE ROLE', 'CREATE ROLE eve SUPERUSER LOGIN'],
  ['CREATE ROLE', '/* x */ create\nrole eve'],
  ['CREATE USER', 'CREATE USER mapping SUPERUSER'],
  ['CREATE GROUP', 'CREATE GROUP eve'],
  ['ALTER ROLE', 'ALTER ROLE tempovault SUPERUSER'],
  ['ALTER USER', 'ALTER USER tempovault SUPERUSER'],
  ['DROP ROLE', 'DROP ROLE grafana_ro'],
  ['DROP OWNED', 'DROP OWNED BY tempovault'],
  ['REASSIGN OWNED', 'REASSIGN OWNED BY postgres TO tempovault'],
  ['GRANT of a role', 'GRANT pg_execute_server_program TO tempovault'],
  ['GRANT of a role', 'GRANT "a ON TABLE b" TO tempovault'],
  ['GRANT of a role', 'GRANT ALTER SYSTEM ON PARAMETER work_mem TO tempovault'],
  ['REVOKE of a role', 'REVOKE pg_monitor FROM tempovault'],
  ['ALTER SYSTEM', "ALTER SYSTEM SET archive_command = 'x'"],
  ['CREATE DATABASE', '/* x */ CREATE DATABASE eve'],
  ['DROP DATABASE', '/* x */ DROP DATABASE postgres'],
  ['CREATE TABLESPACE', "CREATE TABLESPACE eve LOCATION '/tmp'"],
  ['COMMENT ON', "COMMENT ON ROLE postgres IS 'x'"],
  ['CREATE SUBSCRIPTION', "CREATE SUBSCRIPTION eve CONNECTION 'host=x' PUBLICATION p"],
  ['DO', 'DO $$ BEGIN END $$'],
  ['CALL EVE', 'CALL eve()'],
  ['LOAD', "LOAD '/tmp/x.so'"],
  ['PREPARE X', 'PREPARE x AS SELECT 1'],
  ['UPDATE PG_CATALOG', 'UPDATE pg_catalog.pg_authid SET rolsuper = true'],
  ['DELETE FROM', 'DELETE FROM pg_catalog.pg_auth_members'],
  ['WITH X', 'WITH x AS (SELECT 1) SELECT eve()'],
  ['VALUES EVE', 'VALUES (eve())'],
  ['CREATE TABLE AS', 'CREATE TABLE public.x AS SELECT eve()'],
  ['SELECT other than', 'SELECT eve()'],
  ['SELECT other than', "SELECT pg_catalog.lo_export(1, '/tmp/x')"],
  ['SELECT other than', "SELECT pg_catalog.setval('x', eve(), true)"],
  ['SELECT other than', `SELECT pg_catalog.setval('x', "eve"(), true)`],
  ['SELECT other than', "SELECT pg_catalog.set_config('search_path', '', false), eve()"],
  ['SET ALLOW_SYSTEM_TABLE_MODS', 'BEGIN; SET allow_system_table_mods = on'],
  ['SET ROLE', 'BEGIN; SET ROLE postgres'],
  ['INSERT of something other', 'INSERT INTO public.nothing VALUES (eve())'],
  ['INSERT of something other', 'INSERT INTO public.nothing VALUES ("eve"())'],
  ['INSERT of something other', 'INSERT INTO public.nothing SELECT eve()'],
  ['INSERT without a schema, or into a system table', 'INSERT INTO pg_catalog.pg_authid VALUES (1)'],
  ['INSERT without a schema, or into a system table', 'INSERT INTO "pg_catalog".pg_authid VALUES (1)'],
  ['INSERT without a schema, or into a system table', 'INSERT INTO pg_authid VALUES (1)'],
  [
    'INSERT without a schema, or into a system table',
    'INSERT INTO public.nothing VALUES (1); INSERT INTO pg_authid VALUES (1)',
  ],
];

describe('a dump with a statement that pg_dump does not write for one database', () => {
  it.each(foreign)('%s: named with its line in %s', (what, statement) => {
    const text = ending(`${statement};\n`);
    const line = text.slice(0, text.indexOf(statement)).split('\n').length;
    const [problem, ...more] = read(text).problems;
    expect(problem).toContain(`: ${what}`);
    expect(problem).toMatch(new RegExp(`, line ${line}$`));
    expect(more).toEqual([]);
    const fed = spawnSync('awk', ['-v', 'mode=feed', '-v', 'known=', dumpReader], {
      input: text,
      env: plain,
    });
    expect(fed.status).toBe(3);
    // Neither the statement nor the beginning of it: psql runs what it has at the end of its input.
    const rest = String(fed.stdout).slice(String(fed.stdout).lastIndexOf(';'));
    expect(rest).not.toMatch(/^[^-;\s\\]/m);
  });

  it('COPY into a system table, in a setting that is left out, at the end without a semicolon: refused', () => {
    const copy = ending('COPY pg_catalog.pg_authid (oid) FROM stdin;\n1\n\\.');
    expect(read(copy).problems.join()).toContain('COPY without a schema, or into a system table');
    const hidden = small.replace('\nSET', "\nSET no_such_setting = ';\nCREATE ROLE eve; --';\nSET");
    const fed = spawnSync('awk', ['-v', 'mode=feed', '-v', 'known=', dumpReader], {
      input: hidden,
      env: plain,
    });
    expect(String(fed.stdout)).not.toContain('CREATE ROLE');
    const open = `${small}CREATE ROLE eve`;
    expect(read(open).problems.join()).toContain('its end is missing: it stops in the middle');
    const cut = spawnSync('awk', ['-v', 'mode=feed', '-v', 'known=', dumpReader], {
      input: open,
      env: plain,
    });
    expect(cut.status).toBe(3);
    expect(String(cut.stdout)).not.toContain('CREATE ROLE');
  });

  it('a superuser restores it: nothing of it reaches the server', async () => {
    await expect(restored(ending('CREATE ROLE eve SUPERUSER LOGIN;'))).rejects.toMatchObject({
      facts: { said: expect.stringContaining('CREATE ROLE') },
    });
    expect(await live.admin(`SELECT rolname FROM pg_roles WHERE rolname = 'eve'`)).toEqual([]);
  });
});

describe('a dump with every kind of object', () => {
  let rich: TestDatabase;
  beforeAll(async () => {
    rich = await postgres.createDatabase('per-kind');
    await rich.admin(everyKind);
  });

  it.each([
    [[]],
    [['--inserts']],
    [['--clean', '--if-exists']],
    [['-C']],
    [['--use-set-session-authorization']],
  ])('pg_dump %s: sound, names its functions, and can be restored', async (flags) => {
    const at = ['-h', postgres.socketDirectory, '-p', String(postgres.port), '-U', 'postgres', rich.name];
    const text = execFileSync('pg_dump', [...flags, ...at], { encoding: 'utf8' });
    const { problems, functions } = read(text);
    expect(problems).toEqual([]);
    expect(functions).toEqual(
      ['public."Odd"', 'public.plus', 'public.trig', 'public.ev', 'public.proc'].toSorted(),
    );
    const made = await restored(text);
    const kinds = `SELECT (SELECT count(*)::int FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations,
        (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS functions,
        (SELECT count(*)::int FROM pg_largeobject) AS pages, (SELECT count(*)::int FROM pg_policy) AS policies,
        (SELECT count(*)::int FROM pg_user_mapping) AS mappings`;
    expect(await made.admin(kinds)).toEqual(await rich.admin(kinds));
  });
});

const everyKind = String.raw`
  CREATE TYPE mood AS ENUM ('ok', 'no'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN pos AS int CHECK (VALUE > 0);
  CREATE TYPE spread AS RANGE (subtype = float8);
  CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
  CREATE FUNCTION "Odd"() RETURNS int LANGUAGE sql AS $$ SELECT 1; -- CREATE ROLE x;
  $$;
  CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN NEW; END $$;
  CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
  CREATE TABLE logged (i int); CREATE PROCEDURE proc() LANGUAGE sql BEGIN ATOMIC INSERT INTO logged SELECT * FROM logged WHERE false; END;
  CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0');
  CREATE OPERATOR @+@ (LEFTARG = int, RIGHTARG = int, FUNCTION = plus);
  CREATE CAST (pair AS text) WITH INOUT;
  CREATE COLLATION plain FROM "C"; CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
  CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood DEFAULT 'ok', p pair, q pos, twice int GENERATED ALWAYS AS (2) STORED,
    b bytea, f float8, yes bool, bits bit(3), at timestamptz, note text CHECK (note <> 'DO'));
  INSERT INTO t (m, p, q, b, f, yes, bits, at, note) VALUES ('no', '(1,x)', 3, '\x00ff', 'NaN', true, B'101', now(), E'a\nb\c '' ; DO'),
    (NULL, NULL, NULL, NULL, -1.5e300, NULL, NULL, NULL, NULL);
  CREATE TABLE parted (id int, at date) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
  INSERT INTO parted VALUES (1, '2026-01-01'); CREATE TABLE child () INHERITS (t); CREATE UNLOGGED TABLE u (i serial);
  CREATE INDEX ON t (plus(id, 1)); CREATE UNIQUE INDEX ON t (lower(note)) WHERE id > 0; CREATE STATISTICS s ON id, q FROM t;
  CREATE VIEW v AS SELECT id, CASE WHEN q > 1 THEN 'a' ELSE 'b' END AS c FROM t; CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM t;
  CREATE RULE r AS ON INSERT TO v DO INSTEAD (INSERT INTO u DEFAULT VALUES; SELECT 1);
  CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trig(); CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION trig();
  ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY pol ON t USING (true); CREATE EVENT TRIGGER et ON sql_drop EXECUTE FUNCTION ev(); ALTER EVENT TRIGGER et DISABLE;
  CREATE PUBLICATION pub FOR TABLE t; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR tempovault SERVER srv;
  CREATE FOREIGN TABLE ft (i int) SERVER srv; CREATE SCHEMA "S p"; CREATE SEQUENCE "S p"."q'" START 7; SELECT setval('"S p"."q''"', 9);
  GRANT SELECT (id), UPDATE (q) ON t TO tempovault; GRANT USAGE ON FOREIGN SERVER srv TO tempovault; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO tempovault;
  GRANT ALL ON SCHEMA "S p" TO tempovault WITH GRANT OPTION; REVOKE ALL ON FUNCTION plus FROM PUBLIC; GRANT USAGE ON TYPE mood TO tempovault;
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tempovault; COMMENT ON COLUMN t.id IS 'CREATE ROLE x;';
  SELECT lo_from_bytea(4711, '\x0102'); ALTER LARGE OBJECT 4711 OWNER TO tempovault; GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC; COMMENT ON LARGE OBJECT 4711 IS 'x';
  CREATE EXTENSION IF NOT EXISTS plpgsql; COMMENT ON EXTENSION plpgsql IS 'x';
  DO $$ BEGIN EXECUTE format('ALTER ROLE tempovault IN DATABASE %I SET work_mem = ''5MB''', current_database()); EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''1h''', current_database()); END $$;
`;

describe('functions of a backup', () => {
  it('where tv connects as a superuser: named before the question; else not', async () => {
    const admin = `postgresql://postgres@${encodeURIComponent(postgres.socketDirectory)}:${postgres.port}/postgres`;
    const check = async (text: string, adminUrl: string | undefined, name = 'vault.sql') => {
      const backup = await backupOf(text, name);
      const ctx = { database: () => database, host: () => ({ run }), settings: { database: { adminUrl } } };
      return checkCode(ctx as unknown as Context, [backup], new AbortController().signal);
    };
    expect(await check(dump, admin)).toMatchObject({
      status: 'warn',
      summary: '2 functions of the backup can run as the superuser postgres',
      facts: { functions: 'public.odd_one, public.odd_two' },
    });
    expect(await check(pgDump('-Fc'), admin, 'vault.dump')).toMatchObject({
      facts: { functions: 'public.odd_one, public.odd_two' },
    });
    expect((await check(small, admin)).summary).toContain('no functions in it');
    expect((await check(dump, undefined)).summary).toContain('tempovault, which is not a superuser');
  });
});

describe('a sound dump, with backslashes in comments, strings, names, bodies and data', () => {
  it.each<[string, () => string]>([
    ['as pg_dump writes it', () => dump],
    ['with the key of an older or a newer pg_dump', () => dump.replace(/^\\(un)?restrict .*\n/gm, '')],
    ['with --inserts', () => pgDump('--inserts')],
    ['with --column-inserts', () => pgDump('--column-inserts')],
    ['with several rows in an INSERT', () => pgDump('--rows-per-insert=2')],
    ['with -C, which connects to the database', () => pgDump('-C')],
    ['with -C --clean', () => pgDump('-C', '--clean', '--if-exists')],
    [
      'with settings that this server does not know',
      () => dump.replace('SET row_security = off;', 'SET row_security = off;\nSET transaction_timeoot = 0;'),
    ],
  ])('%s: sound, and equal when it is restored', async (_, make) => {
    const text = make();
    const { rows, problems } = read(text);
    expect(problems).toEqual([]);
    expect(rows).toMatchObject({
      'public.odd': 4,
      'public.nothing': 0,
      'public.odd "quoted" COPY x FROM stdin': 1,
    });
    const expected = await readEverything(live);
    // With a psql of before \restrict once: the others would show nothing more.
    for (const on of text === dump ? [run, oldPsql] : [run]) {
      const made = await restored(text, { on });
      expect(await readEverything(made)).toEqual(expected);
      const odd = `SELECT odd_one(), odd_two(), obj_description('odd'::regclass), array_agg(note ORDER BY id) FROM odd`;
      expect(await made.admin(odd)).toEqual(await live.admin(odd));
    }
  });

  it('psql runs it under a key, where it can', async () => {
    const seen: string[] = [];
    const log = join(directory, 'log');
    const spy: Host['run'] = ([bash = '', flag = '', script = '', ...rest], options) =>
      run([bash, flag, `psql() { tee -a ${log} | command psql "$@"; }\n${script}`, ...rest], options);
    await restored(dump, { on: spy });
    seen.push(
      ...readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('\\')),
    );
    // The first two are how it finds out; the dump's own key is not handed on.
    expect(seen.filter((line) => /^\\(un)?restrict/.test(line))).toEqual([
      '\\restrict tv',
      '\\unrestrict tv',
      expect.stringMatching(/^\\restrict [0-9a-f]{32}$/),
    ]);
  });
});

describe('what is no dump in text', () => {
  it.each<[string, string, () => string, RegExp]>([
    [
      'lines of Windows',
      'x.sql',
      () => dump.replaceAll('\n', '\r\n'),
      /^its lines end as on Windows \(CRLF\)/,
    ],
    [
      'a byte order mark',
      'x.sql',
      () => `\uFEFF${dump}`,
      /^it begins with a byte order mark \(BOM, UTF-8\), which an editor has added[^;]*$/,
    ],
    ['an archive', 'x.sql', () => pgDump('-Fc'), /^it is a custom archive of pg_dump: give it a name/],
    ['a cut one', 'x.sql', () => dump.slice(0, -200), /its end is missing/],
    ['definitions alone', 'x.sql', () => pgDump('-s'), /there is no table in it/],
  ])('%s is named', async (_, name, make, words) => {
    expect((await verified(make(), name)).problems.join('; ')).toMatch(words);
  });

  it('names the roles and extensions that it needs', async () => {
    const text = ending(
      'GRANT SELECT ON TABLE public.nothing TO grafana_ro;\nCREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;',
    );
    const { needs } = await verified(text);
    expect(needs.roles.toSorted()).toEqual(['grafana_ro', 'postgres']);
    expect(needs.extensions).toEqual(['uuid-ossp']);
    await expect(restored(text)).rejects.toMatchObject({
      next: [{ shell: "sudo -u postgres psql -c 'CREATE ROLE grafana_ro'", on: 'host' }],
    });
  });
});
