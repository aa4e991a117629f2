import { createServer } from 'node:net';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acquireRunLock, readRunLock } from '../../src/database/acquireRunLock.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { endSessions } from '../../src/database/endSessions.ts';
import { findWriters } from '../../src/database/findWriters.ts';
import { listSessions } from '../../src/database/listSessions.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import type { TvError } from '../../src/errors/TvError.ts';
import type { Database } from '../../src/runbook/context.ts';
import { awkwardPassword, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

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
      next: ['systemctl status postgresql'],
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
    const writers = await findWriters(database, { schema });
    expect(writers.map((w) => [w.application, w.reason])).toEqual([
      ['', 'holds RowExclusiveLock on indexer_state'],
      ['python', 'its last statement writes events'],
      ['tempovault-indexer', 'its name says so'],
    ]);
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

describe('acquireRunLock', () => {
  it('is held by one at a time; the second learns who, what and since when', async () => {
    const { url } = await postgres.createDatabase('empty');
    const [first, second] = [connect(url), connect(url)];
    expect(await readRunLock(second)).toBeUndefined();
    const mine = await acquireRunLock(first, {
      holder: { who: 'alice@vault-1', what: 'tv reindex 20261123-0312' },
    });
    expect(mine.held).toBe(true);
    const theirs = await acquireRunLock(second, { holder: { who: 'bob@laptop', what: 'tv reindex' } });
    expect(theirs).toEqual({
      held: false,
      by: {
        who: 'alice@vault-1',
        what: 'tv reindex 20261123-0312',
        since: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    if (mine.held) await mine.release();
    expect(await readRunLock(second)).toBeUndefined();
    const again = await acquireRunLock(second, {
      holder: { who: 'bøb@läptop', what: `${'long '.repeat(30)}` },
    });
    expect(again.held).toBe(true);
    expect(await readRunLock(first)).toMatchObject({
      who: 'b?b@l?ptop',
      what: expect.stringMatching(/^long long/),
    });
    if (again.held) await again.release();
    expect(again.held && again.lost.aborted).toBe(false);
  });

  it('notices when its connection is lost, and the lock is free then', async () => {
    const { url, admin } = await postgres.createDatabase('empty');
    const database = connect(url);
    const lock = await acquireRunLock(database, { holder: { who: 'alice@vault-1', what: 'tv reindex' } });
    if (!lock.held) throw new Error('not held');
    cleanUp.push(() => lock.release());
    const lost = new Promise<unknown>((resolve) => {
      lock.lost.addEventListener('abort', () => resolve(lock.lost.reason), { once: true });
    });
    await admin(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'tv lock: %'`,
    );
    expect(await lost).toMatchObject({ name: 'UnavailableError' });
    expect(await readRunLock(database)).toBeUndefined();
  });
});
