import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkRights } from '../../src/database/checkRights.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { countRows } from '../../src/database/countRows.ts';
import { holdsRows } from '../../src/database/holdsRows.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readEvents, type StoredEvent } from '../../src/database/readEvents.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { readServer } from '../../src/database/readServer.ts';
import { readStatus } from '../../src/database/readStatus.ts';
import type { Database } from '../../src/runbook/context.ts';
import { fillPerKind, fillRawAndKinds, kinds } from '../support/eventTables.ts';
import { type Form, startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
const open: Database[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const database of open.splice(0)) await database.close();
});
afterAll(async () => {
  await postgres?.stop();
});

async function make(form: Form): Promise<{ made: TestDatabase; database: Database }> {
  const made = await postgres.createDatabase(form);
  return { made, database: connect(made.url) };
}

function connect(url: string): Database {
  const database = connectDatabase({ url, timeoutMs: 5_000, applicationName: 'tv' });
  open.push(database);
  return database;
}

describe('readEventSchema', () => {
  it('knows the deployed form: a raw table, children without a block of their own, a cursor', async () => {
    const { database } = await make('raw-and-kinds');
    const schema = await readEventSchema(database);
    expect(schema).toMatchObject({
      form: 'raw-and-kinds',
      raw: { schema: 'public', name: 'events', key: 'id', blockColumn: 'block_number' },
      cursor: {
        schema: 'public',
        name: 'indexer_state',
        blockColumn: 'last_indexed_block',
        timeColumn: 'last_indexed_at',
        keyColumn: 'id',
      },
      missing: ['rebalances'],
      others: [],
      dependents: [],
    });
    expect(schema.tables[0]).toEqual({
      name: 'events',
      schema: 'public',
      role: 'raw',
      blockColumn: 'block_number',
      transactionColumn: 'transaction_hash',
      logIndexColumn: 'log_index',
      kindColumn: 'event_type',
      rawColumn: null,
      contractColumn: 'contract_address',
      blockHashColumn: null,
      timeColumn: 'block_timestamp',
    });
    expect(schema.tables.slice(1).map((t) => [t.name, t.role, t.rawColumn])).toEqual(
      [
        'circuit_breakers',
        'deployments',
        'deposits',
        'losses',
        'management_fees',
        'oracle_updates',
        'orders_placed',
        'performance_fees',
        'recalls',
        'withdrawals',
      ].map((name) => [name, 'child', 'event_id']),
    );
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  it("knows the runbook's form, with nothing missing and no cursor", async () => {
    const { database } = await make('per-kind');
    const schema = await readEventSchema(database);
    expect(schema).toMatchObject({ form: 'per-kind', raw: null, cursor: null, missing: [] });
    expect(schema.tables.map((t) => t.name)).toEqual([
      'circuit_breakers',
      'deployments',
      'deposits',
      'losses',
      'rebalances',
      'recalls',
      'withdrawals',
    ]);
    expect(schema.tables[0]).toMatchObject({
      role: 'kind',
      blockColumn: 'block_number',
      transactionColumn: 'tx_hash',
      contractColumn: null,
      blockHashColumn: null,
      timeColumn: null,
    });
  });

  it('has a fingerprint that moves with columns and tables, not with rows', async () => {
    const { database, made } = await make('raw-and-kinds');
    const before = await readEventSchema(database);
    await made.admin(fillRawAndKinds(1, 3));
    expect((await readEventSchema(database)).fingerprint).toBe(before.fingerprint);
    await made.admin('ALTER TABLE deposits ADD note text');
    expect((await readEventSchema(database)).fingerprint).not.toBe(before.fingerprint);
  });

  it('finds a child without a declared key, orders tables by foreign keys, names what depends on them', async () => {
    const { database, made } = await make('raw-and-kinds');
    await made.admin(`
      ALTER TABLE deposits DROP CONSTRAINT deposits_event_id_fkey;
      ALTER TABLE circuit_breakers ADD deposit_id bigint REFERENCES withdrawals (id);
      CREATE TABLE audit_notes (id int PRIMARY KEY, deposit_id bigint REFERENCES deposits (id));
      CREATE TABLE api_calls (block_number bigint, tx_hash text);`);
    const schema = await readEventSchema(database);
    const names = schema.tables.map((t) => t.name);
    expect(names).toHaveLength(11);
    expect(schema.tables.find((t) => t.name === 'deposits')?.rawColumn).toBe('event_id');
    expect(names.indexOf('withdrawals')).toBeLessThan(names.indexOf('circuit_breakers'));
    expect(schema.dependents).toEqual([{ table: 'public.audit_notes', refersTo: 'public.deposits' }]);
    expect(schema.others).toEqual(['api_calls']);
  });

  it('says so where the database holds no event tables, or has them off the search path', async () => {
    const { database, made } = await make('empty');
    await expect(readEventSchema(database)).rejects.toThrow(
      `The database ${made.name} holds no event tables.`,
    );
    await made.admin(
      'CREATE SCHEMA vault AUTHORIZATION tempovault; CREATE TABLE vault.deposits (block_number bigint, tx_hash text)',
    );
    await expect(readEventSchema(database)).rejects.toMatchObject({
      message: 'The event tables are in a schema that is not on the search path.',
      facts: { tables: 'vault.deposits' },
    });
    const there = connect(`${made.url}?options=-csearch_path%3Dvault`);
    expect((await readEventSchema(there)).tables.map((t) => t.schema)).toEqual(['vault']);
  });
});

describe('reading', () => {
  it('reads cursor, progress, counts and status of the deployed form', async () => {
    const { database, made } = await make('raw-and-kinds');
    const schema = await readEventSchema(database);
    expect(await readCursor(database, { schema })).toBeUndefined();
    expect(await readProgress(database, { schema })).toEqual({ block: null, source: 'rows' });
    await made.admin(fillRawAndKinds(10, 29));
    await made.admin(`UPDATE indexer_state SET last_indexed_block = 40, last_indexed_at = 'infinity'`);
    expect(await readCursor(database, { schema })).toEqual({ block: 40 });
    expect(await readProgress(database, { schema })).toMatchObject({ block: 40, source: 'cursor' });
    const counts = await countRows(database, { schema, fromBlock: 20 });
    expect(counts).toMatchObject({ clear: 60, keep: 60, lowestKept: 10, highestKept: 19 });
    expect(counts.tables[0]).toEqual({ table: 'events', clear: 30, keep: 30 });
    expect(counts.tables).toHaveLength(11);
    expect(await countRows(database, { schema, fromBlock: 0 })).toMatchObject({
      clear: 120,
      keep: 0,
      lowestKept: null,
    });
    expect(await readStatus(database)).toMatchObject({
      schema: { form: 'raw-and-kinds' },
      progress: { block: 40 },
      problem: null,
      connections: { max: 40 },
    });
  });

  it("reads progress and counts of the runbook's form, by its rows", async () => {
    const { database, made } = await make('per-kind');
    await made.admin(fillPerKind(100, 109));
    const schema = await readEventSchema(database);
    expect(await readProgress(database, { schema })).toEqual({ block: 109, source: 'rows' });
    const tables = (name: string) => schema.tables.filter((table) => table.name === name);
    const holds = (name: string) => holdsRows(database, { tables: tables(name), statementTimeoutMs: 5_000 });
    expect([await holds('deposits'), await holds('of no name')]).toEqual([true, false]);
    expect(await countRows(database, { schema, fromBlock: 107 })).toMatchObject({
      clear: 21,
      keep: 49,
      lowestKept: 100,
      highestKept: 106,
    });
    await made.admin('TRUNCATE deposits');
    expect(await holds('deposits')).toBe(false);
  });

  it('refuses a cursor table of several rows', async () => {
    const { database, made } = await make('raw-and-kinds');
    const schema = await readEventSchema(database);
    await made.admin(`
      ALTER TABLE indexer_state DROP CONSTRAINT indexer_state_id_check;
      INSERT INTO indexer_state VALUES (1, 5), (2, 6)`);
    await expect(readCursor(database, { schema })).rejects.toThrow('holds more than one row');
  });

  it('has a status for a database without event tables', async () => {
    const { database } = await make('empty');
    expect(await readStatus(database)).toMatchObject({
      schema: null,
      progress: null,
      problem: /no event tables/,
    });
  });

  it('reads the server as far as the role may', async () => {
    const { database, made } = await make('empty');
    const [truth] = await made.admin('SELECT system_identifier::text AS id FROM pg_control_system()');
    expect(await readServer(database)).toMatchObject({
      major: Number(postgres.bin.split('/').at(-2)),
      dataDirectory: null,
      inRecovery: false,
      systemIdentifier: truth?.['id'],
      user: 'tempovault',
      isSuperuser: false,
    });
    await made.admin('GRANT pg_read_all_settings TO tempovault');
    try {
      const server = await readServer(database);
      expect(server.dataDirectory).toBe(`${postgres.socketDirectory}/data`);
      expect(server.sizeBytes).toBeGreaterThan(1_000_000);
    } finally {
      await made.admin('REVOKE pg_read_all_settings FROM tempovault');
    }
  });
});

describe('readEvents', () => {
  const collect = async (database: Database, fromBlock: number, toBlock: number): Promise<StoredEvent[]> => {
    const schema = await readEventSchema(database);
    const events: StoredEvent[] = [];
    for await (const event of readEvents(database, { schema, fromBlock, toBlock })) events.push(event);
    return events;
  };

  it('gives each raw row once, by block and log index, over several pages', async () => {
    const { database, made } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 4_000));
    const events = await collect(database, 2, 3_999);
    const hash = (block: number) => `0x${block.toString(16).padStart(64, 'a')}`;
    const names = Object.keys(kinds);
    expect(events).toEqual(
      Array.from({ length: 3_998 * 3 }, (_, i) => {
        const block = 2 + Math.floor(i / 3);
        const kind = names[(block * 3 + (i % 3)) % names.length];
        return {
          ...{ table: 'events', block, transactionHash: hash(block), logIndex: i % 3, kind },
          contract: `0x${'c'.repeat(40)}`,
          time: Date.UTC(2026, 0, 1) / 1_000 + block,
        };
      }),
    );
  });

  it('gives hash and time of the block where the tables keep them, with or without a zone', async () => {
    const { database, made } = await make('per-kind');
    await made.admin(fillPerKind(1, 1));
    await made.admin(`ALTER TABLE deposits ADD block_hash text DEFAULT '0xAB', ADD contract_address text;
      ALTER TABLE losses ADD block_timestamp timestamptz DEFAULT '2026-01-01 02:00+02'`);
    const events = await collect(database, 1, 1);
    const of = (name: string) => events.find(({ table }) => table === name);
    expect(of('deposits')).toMatchObject({ blockHash: '0xAB' });
    // A row without a contract says nothing of it.
    expect(of('deposits')).not.toHaveProperty('contract');
    expect(of('losses')).toMatchObject({ time: Date.UTC(2026, 0, 1) / 1_000 });
    expect(of('recalls')).not.toHaveProperty('time');
  });

  it('gives the rows of all kinds together, and no log index where none is kept', async () => {
    const { database, made } = await make('per-kind');
    await made.admin(fillPerKind(1, 3));
    await made.admin('ALTER TABLE losses DROP COLUMN log_index');
    const events = await collect(database, 2, 2);
    expect(events.map((e) => [e.table, e.logIndex])).toEqual([
      ['deposits', 0],
      ['withdrawals', 1],
      ['deployments', 2],
      ['recalls', 3],
      ['rebalances', 5],
      ['circuit_breakers', 6],
      ['losses', undefined],
    ]);
  });

  it('lets go of its connection when the reader stops early', async () => {
    const { database, made } = await make('raw-and-kinds');
    await made.admin(fillRawAndKinds(1, 10));
    const schema = await readEventSchema(database);
    for await (const event of readEvents(database, { schema, fromBlock: 1, toBlock: 10 })) {
      expect(event.block).toBe(1);
      break;
    }
    const open = await made.admin(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`,
    );
    expect(open).toEqual([]);
  });
});

describe('checkRights', () => {
  it('finds nothing missing for the owner', async () => {
    const { database } = await make('raw-and-kinds');
    expect(await checkRights(database, { schema: await readEventSchema(database) })).toEqual([]);
  });

  it('names each missing right and what it is for', async () => {
    const { database, made } = await make('raw-and-kinds');
    const schema = await readEventSchema(database);
    await made.admin(`
      ALTER TABLE events OWNER TO postgres;
      GRANT SELECT, INSERT ON events TO tempovault;
      ALTER TABLE indexer_state OWNER TO postgres;
      GRANT SELECT ON indexer_state TO tempovault;
      CREATE TABLE secrets (id int)`);
    expect(await checkRights(database, { schema })).toEqual([
      { table: 'events_id_seq', privilege: 'SELECT', purpose: 'backup' },
      { table: 'secrets', privilege: 'SELECT', purpose: 'backup' },
      { table: 'events', privilege: 'DELETE', purpose: 'clear' },
      { table: 'indexer_state', privilege: 'INSERT', purpose: 'clear' },
      { table: 'indexer_state', privilege: 'UPDATE', purpose: 'clear' },
      { table: 'events_id_seq', privilege: 'UPDATE', purpose: 'restore' },
      { table: 'indexer_state', privilege: 'DELETE', purpose: 'restore' },
    ]);
  });
});
