import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SchemaForm } from '../../src/sandbox/postgres/createDatabase.ts';
import { findServer } from '../../src/sandbox/postgres/findServer.ts';
import { initCluster } from '../../src/sandbox/postgres/initCluster.ts';
import { waitForServer } from '../../src/sandbox/postgres/waitForServer.ts';
import { password, rowsOf, startCluster } from '../support/cluster.ts';

const kinds = [
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
];
const tables: Record<SchemaForm, readonly string[]> = {
  deployed: [...kinds, 'events', 'indexer_state'].sort(),
  runbook: [...kinds, 'rebalances'].sort(),
};

const columnsOf = (url: string) =>
  rowsOf<{ table: string; column: string; type: string }>(
    url,
    `SELECT c.table_name AS table, c.column_name AS column, c.data_type AS type
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
       AND c.table_name NOT LIKE 'pg_stat%' ORDER BY 1, ordinal_position`,
  );

describe.each(['deployed', 'runbook'] as const)('the %s form', (form) => {
  it('belongs to tempovault, which is no superuser, and asks for its password', async () => {
    await using cluster = await startCluster();
    const url = await cluster.create(form);

    const owned = await rowsOf<{ name: string; owner: string }>(
      url,
      `SELECT relname AS name, pg_get_userbyid(relowner) AS owner FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relname NOT LIKE 'pg_stat%'
       ORDER BY 1`,
    );
    expect(owned).toEqual(tables[form].map((name) => ({ name, owner: 'tempovault' })));
    expect(
      await rowsOf(
        url,
        `SELECT current_user AS user, current_database() AS database, pg_get_userbyid(datdba) AS owner, rolsuper AS super
         FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`,
      ),
    ).toEqual([{ user: 'tempovault', database: 'tempovault', owner: 'tempovault', super: false }]);

    const columns = await columnsOf(url);
    for (const kind of kinds) {
      const own = columns.filter(({ table }) => table === kind).map(({ column }) => column);
      const keys = ['event_id', 'block_number', 'tx_hash', 'log_index'].filter((name) => own.includes(name));
      expect(keys, kind).toEqual(
        form === 'deployed' ? ['event_id'] : ['block_number', 'tx_hash', 'log_index'],
      );
      expect(own, kind).toContain('block_timestamp');
    }
    const unique = await rowsOf<{ table: string; definition: string }>(
      url,
      `SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype = 'u' AND connamespace = 'public'::regnamespace ORDER BY 1`,
    );
    expect(unique).toEqual(
      form === 'deployed'
        ? [{ table: 'events', definition: 'UNIQUE (transaction_hash, log_index)' }]
        : tables.runbook.map((table) => ({ table, definition: 'UNIQUE (tx_hash, log_index)' })),
    );

    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(rowsOf(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });
});

describe('the cluster', () => {
  it('listens on 127.0.0.1 alone, counts statements, and remembers no password', async () => {
    await using cluster = await startCluster();
    await cluster.create('deployed');
    const settings = await rowsOf<{ name: string; setting: string }>(
      cluster.superuserUrl,
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('listen_addresses', 'unix_socket_directories', 'max_connections', 'fsync') ORDER BY 1`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'off',
      listen_addresses: '127.0.0.1',
      max_connections: '60',
      unix_socket_directories: '',
    });
    const inTempovault = cluster.superuserUrl.replace(/postgres$/, 'tempovault');
    const statements = await rowsOf<{ query: string }>(inTempovault, 'SELECT query FROM pg_stat_statements');
    expect(statements.map(({ query }) => query).join('\n')).toContain('CREATE TABLE events');
    // The role is there already: the server logs the refusal, and must not log the statement.
    await expect(cluster.create('deployed')).rejects.toThrow(/already exists/);
    expect(cluster.log()).toContain('already exists');
    for (const text of [statements.map(({ query }) => query).join('\n'), cluster.log()]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain('p@ss/w:rd');
    }
  });

  it('runs on the server programs of the npm package as well', async () => {
    const server = await findServer({ releaseFolders: [], binDirectories: [] });
    expect(server.source).toBe('package');
    await using cluster = await startCluster(server);
    const url = await cluster.create('runbook');
    expect(await rowsOf(url, 'SELECT count(*)::int AS count FROM rebalances')).toEqual([{ count: 0 }]);
  });

  it('reports the last lines of initdb where it fails, and leaves no password behind', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'tv-cluster-'));
    try {
      const program = '#!/bin/sh\necho "initdb: error: no room" >&2\nexit 1\n';
      await writeFile(join(parent, 'initdb'), program, { mode: 0o755 });
      const server = { binDirectory: parent, source: 'machine', hasStatStatements: false } as const;
      const directory = join(parent, 'data');
      await expect(
        initCluster(server, { directory, port: 1, superuserPassword: 'secret' }),
      ).rejects.toMatchObject({ name: 'TvError', facts: { says: 'initdb: error: no room' } });
      expect((await readdir(parent)).sort()).toEqual(['data', 'initdb']);
    } finally {
      await rm(parent, { recursive: true });
    }
  });

  it('is waited for no longer than asked', async () => {
    await expect(
      waitForServer({ port: 1, superuserPassword: 'secret', timeoutMs: 200 }),
    ).rejects.toMatchObject({
      name: 'TimeoutError',
      facts: { error: expect.stringContaining('ECONNREFUSED') },
    });
  });
});

describe('findServer', () => {
  it('takes the newest release that is complete', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tv-releases-'));
    try {
      for (const [release, programs] of [
        ['9.6', ['initdb', 'postgres']],
        ['14', ['initdb', 'postgres']],
        ['16', ['initdb']],
        ['notes', ['initdb', 'postgres']],
      ] as const) {
        await mkdir(join(folder, release, 'bin'), { recursive: true });
        for (const program of programs) await writeFile(join(folder, release, 'bin', program), '');
      }
      expect(await findServer({ releaseFolders: [folder] })).toEqual({
        binDirectory: join(folder, '14', 'bin'),
        source: 'machine',
        hasStatStatements: false,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
