import { readFileSync, writeFileSync } from 'node:fs';
import type { SandboxPaths } from './paths.ts';

export type DatabaseRole = 'tempovault' | 'postgres';

/** Writes the password file that libpq reads by `PGPASSFILE`. */
export function writePasswords(
  paths: SandboxPaths,
  { port, passwords }: { readonly port: number; readonly passwords: Readonly<Record<DatabaseRole, string>> },
): void {
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
