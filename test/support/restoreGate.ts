import { Client } from 'pg';
import { expect } from 'vitest';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import type { TestSandbox } from './sandbox.ts';

/**
 * Put into the live database before a backup is made: a table whose rows can be written only while no
 * session of the server calls itself `gate`. A restore of that backup stops in the middle of its COPY.
 */
export const gateTable = `
CREATE FUNCTION public.gate_is_open() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'gate') LOOP
    PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
  END LOOP;
  RETURN true;
END $$;
CREATE TABLE public.gate (id int CHECK (public.gate_is_open()));
INSERT INTO public.gate VALUES (1);`;

export interface RestoreGate extends AsyncDisposable {
  /** The session of a restore that waits at the gate; another one than \`before\`. */
  waiting(before?: number): Promise<number>;
  open(): Promise<void>;
}

/** Keeps restores of this server waiting until it is opened. */
export async function closeGate(sandbox: TestSandbox): Promise<RestoreGate> {
  const client = serverClient(sandbox, 'gate');
  // A server that is stopped ends it, too.
  client.on('error', () => {});
  const ended = new Promise((resolve) => client.once('end', resolve));
  await client.connect();
  const find = async (before: number) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tv %' AND query LIKE 'COPY public.gate %' AND pid <> $1`,
      [before],
    );
    return rows[0]?.pid;
  };
  const open = async () => {
    await client.end().catch(() => {});
    await ended;
  };
  return {
    waiting: async (before = 0) => {
      let pid: number | undefined;
      await expect
        .poll(
          async () => {
            pid = await find(before);
            return pid;
          },
          { timeout: 30_000 },
        )
        .toBeDefined();
      return pid ?? 0;
    },
    open,
    [Symbol.asyncDispose]: open,
  };
}

/** A superuser's client; without a database on the server's own, which no restore replaces. */
export function serverClient(sandbox: TestSandbox, name: string, database = 'postgres'): Client {
  return new Client({
    host: '127.0.0.1',
    port: sandbox.info.ports.database,
    user: 'postgres',
    password: readPassword(sandboxPaths(sandbox.dir), 'postgres'),
    database,
    application_name: name,
  });
}

export async function onServer(sandbox: TestSandbox, ...statements: readonly string[]): Promise<void> {
  const client = serverClient(sandbox, 'test');
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
