import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { SandboxPaths } from './paths.ts';
import { databaseUrl } from './postgres/createDatabase.ts';

export type DatabaseRole = 'tempovault' | 'postgres';

/** Of a database that need not exist yet. All of it is secret. */
export interface DatabaseAccess {
  readonly port: number;
  /** Of the superuser `postgres`. */
  readonly superuserPassword: string;
  /** Of the role `tempovault`. */
  readonly password: string;
  /** For `INDEXER_DB_URL`. */
  readonly url: string;
}

/** @param shippedPassword as in the shipped `.env.example`, where role, database and password are all `tempovault` */
export function chooseAccess(port: number, shippedPassword: boolean): DatabaseAccess {
  // As people choose them: with characters that a URL has to encode.
  const password = shippedPassword ? 'tempovault' : `Tv@${randomBytes(12).toString('base64url')}/#:%?&`;
  const superuserPassword = randomBytes(18).toString('base64url');
  return { port, superuserPassword, password, url: databaseUrl({ port, password }) };
}

/** Writes the password file that libpq reads by `PGPASSFILE`. */
export function writePasswords(
  paths: SandboxPaths,
  { port, password, superuserPassword }: DatabaseAccess,
): void {
  const passwords: Record<DatabaseRole, string> = { tempovault: password, postgres: superuserPassword };
  const lines = Object.entries(passwords).map(
    ([role, password]) => `127.0.0.1:${port}:*:${role}:${password.replaceAll(/[\\:]/g, '\\$&')}\n`,
  );
  writeFileSync(paths.passwords, lines.join(''), { mode: 0o600 });
}

/** Secret. */
export function readPassword(paths: SandboxPaths, role: DatabaseRole): string {
  for (const line of readFileSync(paths.passwords, 'utf8').split('\n')) {
    const [, found, password] = /^127\.0\.0\.1:\d+:\*:(\w+):(.*)$/.exec(line) ?? [];
    if (found === role && password !== undefined) return password.replaceAll(/\\(.)/g, '$1');
  }
  throw new Error(`no password for ${role} in ${paths.passwords}`);
}
