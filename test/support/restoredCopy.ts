import { join } from 'node:path';
import { execa } from 'execa';
import { Client, type QueryResultRow } from 'pg';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { findServer } from '../../src/sandbox/postgres/findServer.ts';
import type { TestSandbox } from './sandbox.ts';

export interface RestoredCopy extends AsyncDisposable {
  sql<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** A backup of tv, restored into a database of its own beside the sandbox's by the stock pg_restore. */
export async function restoredCopy(sandbox: TestSandbox, backup: string): Promise<RestoredCopy> {
  const database = 'restored_copy';
  const { binDirectory } = await findServer();
  const password = readPassword(sandboxPaths(sandbox.dir), 'postgres');
  const port = sandbox.info.ports.database;
  await sandbox.sql(`CREATE DATABASE ${database}`, [], 'postgres');
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database];
  await execa(join(binDirectory, 'pg_restore'), [...connection, '--exit-on-error', join(backup, 'data')], {
    env: { PGPASSWORD: password },
  });
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database, password });
  await client.connect();
  return {
    sql: async <R extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await client.query<R>(text, [...values])).rows,
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await sandbox.sql(`DROP DATABASE ${database}`, [], 'postgres');
    },
  };
}
