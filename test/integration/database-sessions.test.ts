import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { acquireRunLock, readRunLock, withoutLockInside } from '../../src/database/acquireRunLock.ts';
import { connectDatabase, libpqArguments } from '../../src/database/connectDatabase.ts';
import { endSessions } from '../../src/database/endSessions.ts';
import { findWriters } from '../../src/database/findWriters.ts';
import { listSessions } from '../../src/database/listSessions.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readStatus } from '../../src/database/readStatus.ts';
import { clearSessions } from '../../src/database/restore/clearSessions.ts';
import { swapDatabases } from '../../src/database/restore/swapDatabases.ts';
import { countHidden } from '../../src/database/statements/readRunning.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Database } from '../../src/runbook/context.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { debianPrograms } from '../support/debianPrograms.ts';
import { awkwardPassword, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

const programs = await debianPrograms();
let postgres: TestPostgres;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});
afterAll(async () => {
  await postgres?.stop();
});

function connect(url: string, timeoutMs = 5_000): Database {
  const database = connectDatabase({ url, timeoutMs, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  return database;
}

async function session(made: TestDatabase, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: made.url, application_name: applicationName });
  client.on('error', () => {});
  await client.connect();
  cleanUp.push(() => client.end().catch(() => {}));
  return client;
}

async function failureOf(database: Database, statement = sql`select 1`): Promise<TvError> {
  const error = await statement.execute(database.kysely).then(
    () => undefined,
    (e: unknown) => e,
  );
  const told = error as TvError;
  expect(`${told.message} ${JSON.stringify(told)} ${told.stack} ${String(told.cause)}`).not.toContain(
    awkwardPassword,
  );
  return told;
}

describe('connectDatabase', () => {
  it('lets in with a password of special characters, and shows its application name', async () => {
    const { url } = await postgres.createDatabase('empty');
    const { rows } = await sql<{ name: string; count: number }>`
      select current_setting('application_name') as name, count(*) as count from pg_class where false
    `.execute(connect(url).kysely);
    expect(rows).toEqual([{ name: 'tv', count: 0 }]);
  });

  it('says in words why it cannot connect', async () => {
    const { url, name, admin } = await postgres.createDatabase('empty');
    const at = (change: (u: URL) => void): Database => {
      const changed = new URL(url);
      change(changed);
      return connect(changed.href);
    };
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));

    const refused = await failureOf(at((u) => (u.port = String(port))));
    expect(refused).toMatchObject({
      name: 'UnavailableError',
      message: `Nothing listens for the database on 127.0.0.1:${port}.`,
      facts: { host: '127.0.0.1', port: String(port), database: name, user: 'tempovault' },
      next: [{ shell: 'systemctl status postgresql', on: 'host' }],
    });
    // No label may have 64 characters: it is refused without a name server, which may be slow.
    const nowhere = `${'x'.repeat(64)}.invalid`;
    expect(await failureOf(at((u) => (u.hostname = nowhere)))).toMatchObject({
      message: `The database host ${nowhere} is not known here.`,
    });
    expect(await failureOf(at((u) => (u.password = 'wrong')))).toMatchObject({
      name: 'UnavailableError',
      message: `The database on 127.0.0.1:${postgres.port} does not let tempovault in.`,
    });
    expect(await failureOf(at((u) => (u.password = '')))).toMatchObject({
      message: `The database on 127.0.0.1:${postgres.port} asks for a password, and none is set for tempovault.`,
    });
    expect(await failureOf(at((u) => (u.pathname = '/nowhere')))).toMatchObject({
      message: `There is no database nowhere on 127.0.0.1:${postgres.port}.`,
    });
    await admin('ALTER ROLE tempovault CONNECTION LIMIT 0');
    try {
      expect(await failureOf(connect(url))).toMatchObject({
        message: 'The database has no connection left.',
      });
    } finally {
      await admin('ALTER ROLE tempovault CONNECTION LIMIT -1');
    }
  });

  it('gives up on a server that takes the connection and says nothing', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanUp.push(async () => silent.close());
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await failureOf(connect(`postgres://tempovault:pw@127.0.0.1:${port}/vault`, 200))).toMatchObject({
      name: 'TimeoutError',
      message: `The database on 127.0.0.1:${port} did not answer in time.`,
    });
  });

  it('describes statements that take too long, lack rights, or lose their session', async () => {
    const { url, admin } = await postgres.createDatabase('empty');
    await admin('CREATE TABLE secrets (id int)');
    expect(await failureOf(connect(url, 300), sql`select pg_sleep(30)`)).toMatchObject({
      name: 'TimeoutError',
    });
    const database = connect(url);
    expect(await failureOf(database, sql`select * from secrets`)).toMatchObject({
      message: 'The role tempovault lacks a right in the database: permission denied for table secrets.',
    });
    const ended = failureOf(database, sql`select pg_terminate_backend(pg_backend_pid())`);
    expect(await ended).toMatchObject({ name: 'UnavailableError' });
    // The pool makes a new connection afterwards.
    await sql`select 1`.execute(database.kysely);
  });

  it('survives the end of its idle connections, and closes although the server is frozen', async () => {
    const { url, admin, name } = await postgres.createDatabase('empty');
    const database = connect(url);
    await sql`select 1`.execute(database.kysely);
    await admin(
      'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      [name],
    );
    let frozen = 0;
    const hanging = database.kysely.connection().execute(async (connection) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection);
      frozen = rows[0]?.pid ?? 0;
      process.kill(frozen, 'SIGSTOP');
      const query = sql`select 1`.execute(connection);
      await Promise.all([query, database.close()]);
    });
    try {
      await expect(hanging).rejects.toMatchObject({ name: 'UnavailableError' });
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
  });
});

describe('sessions', () => {
  it('lists other sessions with what they do, without passwords in their statements', async () => {
    const made = await postgres.createDatabase('raw-and-kinds');
    const database = connect(made.url);
    const schema = await readEventSchema(database);
    const other = await session(made, 'psql');
    await other.query(
      `BEGIN; LOCK TABLE deposits IN SHARE MODE; /* */ ALTER ROLE tempovault PASSWORD ${pg.escapeLiteral(awkwardPassword)}`,
    );
    const found = (await listSessions(database, { schema })).find((s) => s.application === 'psql');
    await other.query('ROLLBACK');
    expect(found).toMatchObject({
      user: 'tempovault',
      state: 'idle in transaction',
      client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      statement: expect.stringMatching(/^BEGIN; LOCK TABLE deposits/),
      locks: [{ table: 'deposits', mode: 'ShareLock' }],
    });
    expect(found?.statement).not.toContain('p@ss');
    expect(Date.parse(found?.since ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('finds those who write events: by lock, by statement, by name; not readers, not tv', async () => {
    const made = await postgres.createDatabase('raw-and-kinds');
    const database = connect(made.url);
    const schema = await readEventSchema(database);
    const locking = await session(made, '');
    await locking.query('BEGIN');
    await locking.query(`INSERT INTO indexer_state (last_indexed_block) VALUES (1)`);
    const wrote = await session(made, 'python');
    await wrote.query(`DELETE FROM "public"."events" WHERE false`);
    await session(made, 'tempovault-indexer');
    const reader = await session(made, 'api');
    await reader.query('BEGIN; SELECT * FROM events; SELECT * FROM events_id_seq');
    const ours = await session(made, 'tv dump');
    await ours.query('DELETE FROM events WHERE false');
    const { found, hidden } = await findWriters(database, { schema });
    expect(hidden).toEqual([]);
    expect(found.map((w) => [w.application, w.reason])).toEqual([
      ['', 'holds RowExclusiveLock on indexer_state'],
      ['python', 'its last statement writes events'],
      ['tempovault-indexer', 'its name says so'],
    ]);
  });

  it('what another role does is hidden → its locks and its name still count, and the rest is not "none"', async () => {
    const made = await postgres.createDatabase('raw-and-kinds');
    await made.admin(
      `CREATE ROLE watcher LOGIN PASSWORD 'w'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher`,
    );
    const url = new URL(made.url);
    [url.username, url.password] = ['watcher', 'w'];
    const database = connect(url.href);
    const schema = await readEventSchema(database);
    const before = await readStatus(database);
    const locking = await session(made, 'python');
    await locking.query('BEGIN; DELETE FROM events WHERE false');
    const named = await session(made, 'tempovault-indexer');
    await named.query('BEGIN; SELECT 1');
    const idle = await session(made, 'api');
    await idle.query('DELETE FROM events WHERE false');

    const { found, hidden } = await findWriters(database, { schema });
    expect(found.map((w) => [w.application, w.reason, w.hidden])).toEqual([
      ['python', 'holds RowExclusiveLock on events', true],
      ['tempovault-indexer', 'its name says so', true],
    ]);
    expect(hidden.map(({ application, state, statement }) => [application, state, statement])).toEqual([
      ['api', null, ''],
    ]);
    const status = await readStatus(database);
    expect(status.hiddenSessions).toBe(3);
    // tv may have opened another one of its own.
    expect(status.connections.used).toBeGreaterThanOrEqual(before.connections.used + 3);
    expect(await countHidden(database)).toBe(3);

    await made.admin('GRANT pg_read_all_stats TO watcher');
    const seen = connect(url.href);
    expect((await findWriters(seen, { schema })).found).toHaveLength(3);
    expect(await readStatus(seen)).toMatchObject({
      hiddenSessions: 0,
      oldestTransactionSeconds: expect.any(Number),
    });
    expect(await countHidden(seen)).toBe(0);
  });

  it('ends the sessions of one application name and no other', async () => {
    const made = await postgres.createDatabase('empty');
    const database = connect(made.url);
    const orphan = await session(made, 'tv dump 1');
    const gone = new Promise((resolve) => orphan.once('end', resolve));
    const other = await session(made, 'tv dump 10');
    expect(await endSessions(database, { applicationName: 'tv dump 1' })).toHaveLength(1);
    await gone;
    expect(await endSessions(database, { applicationName: 'tv dump 1' })).toEqual([]);
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await expect(endSessions(database, { applicationName: 'tv' })).rejects.toThrow('not that of an orphan');
  });
});

describe('TLS, as libpq understands sslmode', () => {
  const only = { tls: '', plain: '', both: '' };
  let certificate: string;
  let stranger: string;

  beforeAll(async () => {
    for (const kind of ['tls', 'plain', 'both'] as const)
      only[kind] = (await postgres.createDatabase('empty')).url;
    const data = join(postgres.socketDirectory, 'data');
    const { uid, gid } = statSync(data);
    const make = (name: string) => {
      const [key, cert] = [join(data, `${name}.key`), join(data, `${name}.crt`)];
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
          ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
        ],
        { stdio: 'ignore' },
      );
      chmodSync(key, 0o600);
      for (const file of [key, cert]) if (process.getuid?.() === 0) chownSync(file, uid, gid);
      return cert;
    };
    certificate = make('server');
    stranger = make('stranger');
    const hba = join(data, 'pg_hba.conf');
    const name = (url: string) => url.slice(url.lastIndexOf('/') + 1);
    const lines = [
      `hostnossl ${name(only.tls)} all all reject`,
      `hostssl ${name(only.plain)} all all reject`,
    ];
    writeFileSync(hba, `${lines.join('\n')}\n${readFileSync(hba, 'utf8')}`);
    const { admin } = await postgres.createDatabase('empty');
    for (const [setting, value] of [
      ['ssl', 'on'],
      ['ssl_cert_file', 'server.crt'],
      ['ssl_key_file', 'server.key'],
    ]) {
      await admin(`ALTER SYSTEM SET ${setting} = '${value}'`);
    }
    await admin('SELECT pg_reload_conf()');
    await vi.waitFor(() => encrypted(`${only.both}?sslmode=require`), { timeout: 20_000, interval: 200 });
  });

  async function encrypted(url: string): Promise<boolean | undefined> {
    const database = connectDatabase({ url, timeoutMs: 5_000, applicationName: 'tv' });
    try {
      // Several at once, as a preflight asks.
      const asked = [1, 2, 3].map(() =>
        sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(
          database.kysely,
        ),
      );
      const answers = (await Promise.all(asked)).map(({ rows }) => rows[0]?.ssl);
      expect(new Set(answers).size).toBe(1);
      return answers[0];
    } finally {
      await database.close();
    }
  }

  it.each<['tls' | 'plain' | 'both', string, boolean]>([
    ['tls', '', true],
    ['plain', '', false],
    ['both', '', true],
    ['tls', '?sslmode=allow', true],
    ['both', '?sslmode=allow', false],
    ['tls', '?ssl=require', true],
    ['tls', '?ssl=true', true],
    ['both', '?sslmode=disable', false],
    ['both', '?ssl=false', false],
    ['tls', '?application_name=indexer@prod&sslmode=prefer', true],
  ])('a server that takes %s, %s: encrypted %s', async (kind, query, expected) => {
    expect(await encrypted(`${only[kind]}${query}`)).toBe(expected);
  });

  it.each<['tls' | 'plain' | 'both', () => string, RegExp]>([
    ['tls', () => '?sslmode=disable', /wants an encrypted connection/],
    ['plain', () => '?sslmode=require', /does not let tempovault in/],
    ['both', () => '?sslmode=verify-full', /is not trusted: self-signed certificate/],
    ['both', () => `?sslmode=require&sslrootcert=${stranger}`, /is not trusted: self-signed certificate/],
    [
      'both',
      () => '?sslmode=verify-full&sslrootcert=/etc/ssl/nope.pem',
      /\(sslrootcert\) cannot be read: there is no such file/,
    ],
  ])('a server that takes %s, %s: a plain error', async (kind, query, message) => {
    const error = await encrypted(`${only[kind]}${query()}`).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TvError);
    expect((error as TvError).message).toMatch(message);
    expect((error as TvError).next.map(plainAdvice).join()).toContain('tv config show');
  });

  it('the certificate that is named is trusted', async () => {
    expect(await encrypted(`${only.both}?sslmode=verify-full&sslrootcert=${certificate}`)).toBe(true);
    expect(await encrypted(`${only.both}?sslmode=verify-ca&sslrootcert=${certificate}`)).toBe(true);
  });
});

describe('what is set for the role or the database', () => {
  it('does not reach the sessions of tv, nor those of its children', async () => {
    const { url, admin, name } = await postgres.createDatabase('empty');
    for (const setting of [
      "datestyle = 'German'",
      "intervalstyle = 'sql_standard'",
      "bytea_output = 'escape'",
      'standard_conforming_strings = off',
      'default_transaction_read_only = on',
      "lock_timeout = '1ms'",
      "idle_in_transaction_session_timeout = '1ms'",
      "idle_session_timeout = '20ms'",
      "default_transaction_isolation = 'serializable'",
    ]) {
      await admin(`ALTER ROLE tempovault IN DATABASE ${name} SET ${setting}`);
    }
    const database = connect(url);
    const query = `select now() as at, date '2026-11-28'::text as day, interval '1 day 2 hours'::text as span, '\\x41'::bytea::text as bytes,
      current_setting('transaction_read_only') as read_only, current_setting('transaction_isolation') as isolation, 'a\\b' as back`;
    const expected = {
      day: '2026-11-28',
      span: '1 day 02:00:00',
      bytes: '\\x41',
      read_only: 'off',
      isolation: 'read committed',
      back: 'a\\b',
    };
    const { rows } = await sql.raw<Record<string, unknown>>(query).execute(database.kysely);
    expect(rows[0]).toMatchObject(expected);
    const at = rows[0]?.['at'];
    expect(at).toBeInstanceOf(Date);
    expect(Math.abs(Number(at) - Date.now())).toBeLessThan(3_600_000);
    const answer = execFileSync(
      join(postgres.bin, 'psql'),
      ['-XAt', ...libpqArguments(database, 'tv'), '-c', `select row_to_json(x) from (${query}) x`],
      { encoding: 'utf8', env: { ...process.env, ...database.secrets } },
    );
    expect(JSON.parse(answer)).toMatchObject(expected);
  });
});

describe('acquireRunLock', () => {
  it('is held by one at a time; the second learns who, what and since when', async () => {
    const { url } = await postgres.createDatabase('empty');
    const [first, second] = [connect(url), connect(url)];
    expect(await readRunLock(second)).toBeUndefined();
    const mine = await acquireRunLock(first, {
      holder: { who: 'alice@vault-1', runbook: 'reindex', what: 'resume 20261123-0312' },
    });
    expect(mine.held).toBe(true);
    const theirs = await acquireRunLock(second, { holder: { who: 'bob@laptop', what: 'tv reindex' } });
    expect(theirs).toEqual({
      held: false,
      by: {
        who: 'alice@vault-1',
        runbook: 'reindex',
        what: 'resume 20261123-0312',
        since: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    if (mine.held) await mine.release();
    expect(await readRunLock(second)).toBeUndefined();
    // What does not fit is cut off: never the name of the command.
    const again = await acquireRunLock(second, {
      holder: {
        ...{ who: 'bøb@läptop-of-the-operations-department', runbook: 'emergency shutdown' },
        what: 'resume 20261123-0312-emergency-shutdown-7f3a',
      },
    });
    expect(again.held).toBe(true);
    expect(await readRunLock(first)).toMatchObject({
      who: 'b?b@l?ptop-of-the-operations-dep',
      runbook: 'emergency shutdown',
    });
    if (again.held) await again.release();
    expect(again.held && again.lost.aborted).toBe(false);
  });

  it.each([
    ['in the live database', (name: string) => name],
    ['in the maintenance database', () => 'postgres'],
  ])('notices when its session %s is lost, and does not count as held then', async (_, where) => {
    const { url, admin, name } = await postgres.createDatabase('empty');
    const database = connect(url);
    const lock = await acquireRunLock(database, { holder: { who: 'alice@vault-1', what: 'tv reindex' } });
    if (!lock.held) throw new Error('not held');
    cleanUp.push(() => lock.release());
    await lock.assertHeld();
    const lost = new Promise<unknown>((resolve) => {
      lock.lost.addEventListener('abort', () => resolve(lock.lost.reason), { once: true });
    });
    await admin(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
       WHERE application_name LIKE 'tv lock: %' AND datname = $1`,
      [where(name)],
    );
    expect(await lost).toMatchObject({ name: 'UnavailableError' });
    await expect(lock.assertHeld()).rejects.toThrow();
    await lock.release();
    expect(await readRunLock(database)).toBeUndefined();
  });

  it.each([
    ['an older tv, which looks in the live database alone', 'inside'],
    ['a tv whose database was renamed in the meantime', 'outside'],
  ])('is refused by %s', async (_, place) => {
    const made = await postgres.createDatabase('empty');
    const database = connect(made.url);
    const key = place === 'inside' ? '2117929495, 7501166' : `2117929496, hashtext('${made.name}')`;
    const url = place === 'inside' ? made.url : made.url.replace(/vault_\d+$/, 'postgres');
    const other = new pg.Client({
      connectionString: url,
      application_name: 'tv lock: bob@laptop: reindex (reindex events)',
    });
    await other.connect();
    cleanUp.push(() => other.end());
    const { rows } = await other.query(`SELECT pg_try_advisory_lock(${key}) AS held`);
    expect(rows).toEqual([{ held: true }]);
    const mine = await acquireRunLock(database, { holder: { who: 'alice@vault-1', what: 'restore' } });
    expect(mine).toMatchObject({
      held: false,
      by: { who: 'bob@laptop', runbook: 'reindex', what: 'reindex (reindex events)' },
    });
    // Nothing of the attempt is left that would keep the other from continuing.
    expect(await made.admin(`SELECT FROM pg_stat_activity WHERE application_name LIKE '%alice%'`)).toEqual(
      [],
    );
  });

  it('is held all the while the live database is renamed, and afterwards in the one that has its name', async () => {
    const made = await postgres.createDatabase('empty');
    const fresh = await postgres.createDatabase('empty');
    const [database, second] = [connect(made.url), connect(made.url)];
    const lock = await acquireRunLock(database, { holder: { who: 'alice@vault-1', what: 'restore' } });
    if (!lock.held) throw new Error('not held');
    cleanUp.push(() => lock.release());
    const oid = await withoutLockInside(async () => {
      const attempt = await acquireRunLock(second, { holder: { who: 'bob@laptop', what: 'reindex' } });
      expect(attempt).toMatchObject({ held: false, by: { who: 'alice@vault-1' } });
      const server = `postgres://postgres@${encodeURIComponent(postgres.socketDirectory)}:${postgres.port}/postgres`;
      const maintenance = connect(server);
      const renames = [
        { from: made.name, to: `${made.name}_old` },
        { from: fresh.name, to: made.name },
      ];
      await swapDatabases(maintenance, { renames, endSessions: false });
      const { rows } = await sql<{ oid: number }>`
        select oid from pg_database where datname = ${made.name}
      `.execute(maintenance.kysely);
      return rows[0]?.oid;
    });
    await lock.assertHeld();
    expect(lock.lost.aborted).toBe(false);
    const held = await made.admin(
      `SELECT database FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE locktype = 'advisory' AND application_name LIKE 'tv lock: alice%' ORDER BY database = ${oid}`,
    );
    expect(held).toHaveLength(2);
    expect(held[1]).toEqual({ database: oid });
  });

  describe('for a role that may not connect to the maintenance database', () => {
    const adminUrl = () =>
      `postgres://postgres@${encodeURIComponent(postgres.socketDirectory)}:${postgres.port}/postgres`;
    /** Two databases that change names, with the lock of the first held, and what is done meanwhile. */
    async function movedLock(options: { readonly admin?: true; readonly meanwhile?: 'drop' | 'other run' }) {
      const made = await postgres.createDatabase('empty');
      const fresh = await postgres.createDatabase('empty');
      await made.admin('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
      cleanUp.push(() => made.admin('GRANT CONNECT ON DATABASE postgres TO PUBLIC').catch(() => {}));
      const [database, second] = [connect(made.url), connect(made.url)];
      const mine = { who: 'alice@vault-1', what: 'restore' };
      const lock = await acquireRunLock(database, {
        holder: mine,
        ...(options.admin && { adminUrl: adminUrl() }),
      });
      if (!lock.held) throw new Error('not held');
      cleanUp.push(() => lock.release());
      const maintenance = connect(adminUrl());
      const other = () => acquireRunLock(second, { holder: { who: 'bob@laptop', what: 'reindex' } });
      let bob: Awaited<ReturnType<typeof other>> | undefined;
      await withoutLockInside(async () => {
        if (options.meanwhile === 'drop') {
          await fresh.admin(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${made.name}'`,
          );
          await fresh.admin(`DROP DATABASE ${made.name} WITH (FORCE)`);
          return;
        }
        const renames = [
          { from: made.name, to: `${made.name}_old` },
          { from: fresh.name, to: made.name },
        ];
        await swapDatabases(maintenance, { renames, endSessions: false });
        if (options.meanwhile === 'other run') bob = await other();
      });
      const held = bob;
      if (held?.held) cleanUp.push(() => held.release());
      return { lock, bob };
    }

    it('it is taken again after a swap, and held then', async () => {
      const { lock } = await movedLock({});
      await lock.assertHeld();
    });

    it('another run that began meanwhile is named, exit 6', async () => {
      const { lock, bob } = await movedLock({ meanwhile: 'other run' });
      expect(bob?.held).toBe(true);
      await expect(lock.assertHeld()).rejects.toMatchObject({
        exitCode: 6,
        facts: { who: 'bob@laptop', what: 'reindex' },
      });
    });

    it('where it cannot be taken again, it is unknown whether another run began: not held, exit 7', async () => {
      const { lock } = await movedLock({ meanwhile: 'drop' });
      await expect(lock.assertHeld()).rejects.toMatchObject({
        exitCode: 7,
        message: expect.stringContaining('whether another run has begun is unknown'),
      });
    });

    it('the administrator holds it there meanwhile, and others see that', async () => {
      const { lock, bob } = await movedLock({ admin: true, meanwhile: 'other run' });
      expect(bob).toMatchObject({ held: false, by: { who: 'alice@vault-1', what: 'restore' } });
      await lock.assertHeld();
    });
  });

  it('a restore ends no lock session of another tv: it is named, exit 6', async () => {
    const made = await postgres.createDatabase('empty');
    const maintenance = connect(made.url.replace(/vault_\d+$/, 'postgres'));
    const other = await session(made, 'tv lock: bob@laptop: reindex');
    await session(made, 'tv');
    await expect(clearSessions(maintenance, { names: [made.name], endSessions: true })).rejects.toMatchObject(
      {
        exitCode: 6,
        facts: {
          [`pid ${(other as unknown as { processID: number }).processID}`]:
            expect.stringMatching(/^bob@laptop: reindex/),
        },
      },
    );
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it.runIf(typeof programs === 'string')(`PgBouncer: left out, since ${programs}`, () => {});

  it.runIf(typeof programs !== 'string').each([
    ['transaction', 'extra_float_digits,statement_timeout,options', 'lock.pooler'],
    ['session', 'extra_float_digits,statement_timeout,options', 'lock.pooler'],
    ['transaction', 'extra_float_digits', 'db.pooler'],
  ])(
    'behind PgBouncer in %s mode (ignoring %s): refused, with the address of the server itself',
    async (mode, ignored, code) => {
      const made = await postgres.createDatabase('empty');
      await using pooler = await startPgBouncer({
        mode,
        ignored,
        port: postgres.port,
        socket: postgres.socketDirectory,
      });
      const url = made.url.replace(`:${postgres.port}/`, `:${pooler.port}/`);
      for (const who of ['alice@vault-1', 'bob@laptop']) {
        const attempt = acquireRunLock(connect(url), { holder: { who, what: 'tv reindex' } });
        await expect(attempt).rejects.toMatchObject({
          code,
          message: expect.stringContaining(`127.0.0.1:${pooler.port}`),
          ...(code === 'lock.pooler'
            ? { facts: { 'the server itself': expect.stringContaining(`port ${postgres.port}`) } }
            : {}),
        });
      }
      expect(await made.admin(`SELECT FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
    },
  );
});

/** With the superuser on the server's side, so that no password is needed there. */
async function startPgBouncer(parameters: { mode: string; ignored: string; port: number; socket: string }) {
  if (typeof programs === 'string') throw new Error(programs);
  const directory = mkdtempSync(join(tmpdir(), 'tv-pgbouncer-'));
  const [port = 0] = await freePorts(1);
  writeFileSync(
    join(directory, 'pgbouncer.ini'),
    `[databases]
* = host=${parameters.socket} port=${parameters.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${parameters.mode}
ignore_startup_parameters = ${parameters.ignored}
`,
  );
  chmodSync(directory, 0o755);
  // It refuses to run as root, and only the server's own user may enter the folder of its socket.
  const { uid, gid } = statSync(parameters.socket);
  const child = spawn(programs.pgbouncer, [join(directory, 'pgbouncer.ini')], {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('process up')) resolve();
    });
    child.once('exit', () => reject(new Error(`pgbouncer ended: ${log}`)));
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGQUIT');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}
