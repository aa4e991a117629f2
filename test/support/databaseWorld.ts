import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import type { TestSandbox } from './sandbox.ts';
import type { Secret } from './secretSearch.ts';

const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));

/** The folder of the sandbox's backups; the same path inside and outside. */
export function backupFolder(sandbox: TestSandbox): string {
  return sandboxPaths(sandbox.dir).backup;
}

/** The passwords that nothing may show. */
export function passwordsOf(sandbox: TestSandbox): readonly Secret[] {
  return (['tempovault', 'postgres'] as const).map((role) => ({
    name: `password of ${role}`,
    value: readPassword(sandboxPaths(sandbox.dir), role),
  }));
}

/** Every row of every table, and every sequence, as text. */
export async function contentsOf(sandbox: TestSandbox): Promise<Readonly<Record<string, unknown>>> {
  const tables = await sandbox.sql<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const all: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [row] = await sandbox.sql(
      `SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) AS digest FROM ${name} t`,
    );
    all[name] = row;
  }
  const sequences = await sandbox.sql('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1');
  return { ...all, sequences };
}

/** Name and oid of every database but the server's own. */
export async function databasesOf(sandbox: TestSandbox): Promise<Readonly<Record<string, number>>> {
  const rows = await sandbox.sql<{ name: string; oid: number }>(
    `SELECT datname AS name, oid FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')`,
  );
  return Object.fromEntries(rows.map(({ name, oid }) => [name, oid]));
}

/** A tv that can be killed in the middle. */
export function startTv(sandbox: TestSandbox, args: readonly string[]) {
  return execa(process.execPath, [launcher, ...args], {
    env: sandbox.env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });
}

/** The newest backup's name, as `tv db backups --json` prints it. */
export async function newestBackup(sandbox: TestSandbox): Promise<string> {
  const { backups } = await listed(sandbox);
  const [first] = backups;
  if (first === undefined) throw new Error('there is no backup');
  return first.name;
}

export interface ListedBackup {
  readonly name: string;
  readonly form: string;
  readonly problems: readonly string[];
  readonly marks: {
    readonly verified: { readonly how: string; readonly problems: readonly string[] } | null;
    readonly pinned: { readonly reason: string } | null;
    readonly copied?: { readonly how: string; readonly problems: readonly string[] };
  };
  readonly manifest: { readonly cursorBlock: number | null; readonly rows: Record<string, number> } | null;
}

export async function listed(
  sandbox: TestSandbox,
): Promise<{ readonly backups: readonly ListedBackup[]; readonly leftovers: readonly unknown[] }> {
  const { stdout } = await sandbox.tv(['db', 'backups', '--json']);
  const answer = JSON.parse(stdout);
  return answer;
}
