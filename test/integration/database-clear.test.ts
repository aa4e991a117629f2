import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClearEventsParameters, clearEvents } from '../../src/database/clearEvents.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import type { EventSchema } from '../../src/database/eventSchema.ts';
import { probeCleared } from '../../src/database/probeCleared.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import type { Database } from '../../src/runbook/context.ts';
import { fillPerKind, fillRawAndKinds, readEverything } from '../support/eventTables.ts';
import { type Form, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});
afterAll(async () => {
  await postgres?.stop();
});

interface Made {
  readonly made: TestDatabase;
  readonly database: Database;
  readonly schema: EventSchema;
}

async function make(form: Exclude<Form, 'empty'>): Promise<Made> {
  const made = await postgres.createDatabase(form);
  const database = connectDatabase({ url: made.url, timeoutMs: 5_000, applicationName: 'tv' });
  cleanUp.push(() => database.close());
  return { made, database, schema: await readEventSchema(database) };
}

async function session(made: TestDatabase, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: made.url, application_name: applicationName });
  client.on('error', () => {});
  await client.connect();
  cleanUp.push(() => client.end().catch(() => {}));
  return client;
}

/** Resolves once a session waits for a lock: a condition of the server, not a time. */
async function untilSomebodyWaits(made: TestDatabase): Promise<number> {
  for (;;) {
    const [waiting] = await made.admin(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (waiting !== undefined) return Number(waiting['pid']);
  }
}

describe('clearEvents', () => {
  it('clears from a block on in the deployed form and leaves older rows byte for byte', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 99));
    const older = await readEverything(made);
    await made.admin(fillRawAndKinds(100, 300));
    const parameters = { schema, fromBlock: 100, all: false, cursor: 99 };
    expect(await probeCleared(database, parameters)).toBe('not-done');
    const cleared = await clearEvents(database, parameters);
    expect(cleared.rows).toBe(201 * 6);
    expect(cleared.tables.at(-1)).toEqual({ table: 'events', rows: 603 });
    const now = await readEverything(made);
    for (const table of schema.tables) expect(now[table.name]).toEqual(older[table.name]);
    expect(await readCursor(database, { schema })).toMatchObject({ block: 99 });
    expect(await probeCleared(database, parameters)).toBe('done');
    // Once more does no harm: a resume may do it.
    expect((await clearEvents(database, parameters)).rows).toBe(0);
  });

  it("clears each kind from a block on in the runbook's form", async () => {
    const { made, database, schema } = await make('per-kind');
    await made.admin(fillPerKind(1, 49));
    const older = await readEverything(made);
    await made.admin(fillPerKind(50, 99));
    const parameters = { schema, fromBlock: 50, all: false, cursor: 49 };
    expect(await probeCleared(database, parameters)).toBe('not-done');
    expect((await clearEvents(database, parameters)).rows).toBe(350);
    const now = await readEverything(made);
    for (const table of schema.tables) expect(now[table.name]).toEqual(older[table.name]);
    expect(await probeCleared(database, parameters)).toBe('done');
  });

  it.each(['raw-and-kinds', 'per-kind'] as const)(
    'clears everything in the %s form when told to',
    async (form) => {
      const { made, database, schema } = await make(form);
      await made.admin(form === 'per-kind' ? fillPerKind(1, 20) : fillRawAndKinds(1, 20));
      const parameters = { schema, fromBlock: 10, all: true, cursor: 9 };
      await clearEvents(database, { ...parameters, all: false });
      expect(await probeCleared(database, parameters)).toBe('not-done');
      await clearEvents(database, parameters);
      expect(await probeCleared(database, parameters)).toBe('done');
      const now = await readEverything(made);
      for (const table of schema.tables) expect(now[table.name]).toEqual([]);
    },
  );

  it('makes a cursor row where there is none', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(`${fillRawAndKinds(1, 5)}; DELETE FROM indexer_state`);
    const parameters = { schema, fromBlock: 3, all: false, cursor: 2 };
    expect(await probeCleared(database, parameters)).toBe('not-done');
    await clearEvents(database, parameters);
    // The time as the server writes it, in its own zone where the column has none.
    const recent = "last_indexed_at BETWEEN now() - interval '1 minute' AND now() AS recent";
    expect(
      await made.admin(`SELECT id, last_indexed_block::int AS block, ${recent} FROM indexer_state`),
    ).toEqual([{ id: 1, block: 2, recent: true }]);
  });

  it('does not say whether it took place when the cursor is further back than it would have put it', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 5));
    expect(await probeCleared(database, { schema, fromBlock: 10, all: false, cursor: 9 })).toBe('unknown');
  });

  it('clears tables whose foreign keys have no index, or are checked late, in seconds and leaves no index', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(`
      ALTER TABLE deposits ALTER CONSTRAINT deposits_event_id_fkey DEFERRABLE INITIALLY DEFERRED;
      ${fillRawAndKinds(1, 10_000)}`);
    const indexes = `SELECT count(*)::int AS n FROM pg_indexes WHERE schemaname = 'public'`;
    const before = await made.admin(indexes);
    const started = performance.now();
    expect((await clearEvents(database, { schema, fromBlock: 1_001, all: false, cursor: 1_000 })).rows).toBe(
      54_000,
    );
    // Without helper indexes: 27 000 rows times ten scans of tables with 3 000 dead rows, a minute and more.
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(await made.admin(indexes)).toEqual(before);
  });

  it('names who holds a lock, and changes nothing', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 20));
    const before = await readEverything(made);
    const other = await session(made, 'event_indexer');
    await other.query('BEGIN; UPDATE deposits SET amount = amount');
    const [{ pid } = { pid: 0 }] = (await other.query('SELECT pg_backend_pid() AS pid')).rows;
    await expect(
      clearEvents(database, { schema, fromBlock: 10, all: false, cursor: 9, lockTimeoutMs: 100 }),
    ).rejects.toMatchObject({
      name: 'TvError',
      message: 'Another session holds a lock on the event tables; nothing was cleared.',
      facts: {
        [`pid ${pid}`]: expect.stringMatching(
          /RowExclusiveLock on deposits, event_indexer, .*idle in transaction/,
        ),
      },
    });
    await other.query('ROLLBACK');
    expect(await readEverything(made)).toEqual(before);
  });

  it.each(['events', 'deposits', 'indexer_state'])(
    'does not begin while another session has written to %s and not committed',
    async (table) => {
      const { made, database, schema } = await make('raw-and-kinds');
      const before = await readEverything(made);
      const writer = new pg.Client({ connectionString: made.url });
      await writer.connect();
      cleanUp.push(() => writer.end());
      // Touches no row: only a lock of the whole table sees it.
      await writer.query(`BEGIN; DELETE FROM ${table} WHERE false`);
      await expect(
        clearEvents(database, { schema, fromBlock: 10, all: false, cursor: 9, lockTimeoutMs: 100 }),
      ).rejects.toThrow('Another session holds a lock on the event tables; nothing was cleared.');
      await writer.query('ROLLBACK');
      expect(await readEverything(made)).toEqual(before);
    },
  );

  it('lets readers read while it waits to be able to write', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 20));
    const reader = await session(made, 'api');
    await reader.query('BEGIN; SELECT count(*) FROM events; SELECT count(*) FROM deposits');
    expect((await clearEvents(database, { schema, fromBlock: 10, all: false, cursor: 9 })).rows).toBe(66);
  });

  it('names a reader that blocks an index it needs', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 10_000));
    const reader = await session(made, 'api');
    await reader.query('BEGIN; SELECT count(*) FROM events; SELECT count(*) FROM deposits');
    const [{ pid } = { pid: 0 }] = (await reader.query('SELECT pg_backend_pid() AS pid')).rows;
    await expect(
      clearEvents(database, { schema, fromBlock: 10, all: false, cursor: 9, lockTimeoutMs: 100 }),
    ).rejects.toMatchObject({
      facts: { [`pid ${pid}`]: expect.stringMatching(/AccessShareLock on .*, api, /) },
    });
  });

  it('says which right is missing', async () => {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(
      `${fillRawAndKinds(1, 5)}; ALTER TABLE events OWNER TO postgres; GRANT SELECT ON events TO tempovault`,
    );
    await expect(clearEvents(database, { schema, fromBlock: 1, all: false, cursor: 0 })).rejects.toThrow(
      'The role tempovault lacks a right in the database: permission denied for table events.',
    );
  });
});

describe('an interrupted clearEvents leaves everything as it was', () => {
  /** Held in the middle: children are gone, and the raw rows' delete waits for a row that another session locked. */
  async function heldInTheMiddle(parameters: Partial<ClearEventsParameters> = {}) {
    const { made, database, schema } = await make('raw-and-kinds');
    await made.admin(`
      ${fillRawAndKinds(1, 50)};
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN OLD; END $$;
      CREATE TRIGGER hold BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION hold()`);
    const before = await readEverything(made);
    const holder = await session(made, 'holder');
    await holder.query('SELECT pg_advisory_lock(1)');
    const failure = clearEvents(database, {
      schema,
      fromBlock: 10,
      all: false,
      cursor: 9,
      lockTimeoutMs: 60_000,
      ...parameters,
    }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const pid = await untilSomebodyWaits(made);
    const probe = () => probeCleared(database, { schema, fromBlock: 10, all: false, cursor: 9 });
    return { made, before, failure, pid, probe, holder };
  }

  it('when its session is ended', async () => {
    const { made, before, failure, pid, probe, holder } = await heldInTheMiddle();
    await made.admin('SELECT pg_terminate_backend($1, 10000)', [pid]);
    expect(await failure).toMatchObject({
      name: 'UnavailableError',
      message: 'The database session was ended by an administrator or a shutdown.',
    });
    await holder.query('SELECT pg_advisory_unlock(1)');
    expect(await readEverything(made)).toEqual(before);
    expect(await probe()).toBe('not-done');
  });

  it('when its backend crashes', async () => {
    const { made, before, failure, pid, probe } = await heldInTheMiddle();
    process.kill(pid, 'SIGKILL');
    expect(await failure).toMatchObject({ name: 'UnavailableError' });
    // The server restarts all sessions after a crash; new ones are refused until it has recovered.
    const now = await untilUp(() => readEverything(made));
    // A crash may move a sequence forward by up to 32 values, which PostgreSQL logs ahead.
    expect({ ...now, sequences: undefined }).toEqual({ ...before, sequences: undefined });
    expect(await probe()).toBe('not-done');
  });

  it('when it is aborted', async () => {
    const abort = new AbortController();
    const { made, before, failure, probe } = await heldInTheMiddle({ signal: abort.signal });
    const reason = new Error('interrupted');
    abort.abort(reason);
    expect(await failure).toBe(reason);
    expect(await readEverything(made)).toEqual(before);
    expect(await probe()).toBe('not-done');
  });
});

async function untilUp<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!/starting up|not yet accepting|recovery|terminat|reset|refused/i.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
