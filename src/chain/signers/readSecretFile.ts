import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { exitCodes, TvError } from '../../errors/TvError.ts';

/**
 * Reads a file of this machine that holds a key or a password. One that others can read is refused:
 * whatever is in it has to be taken for known.
 * @throws TvError with exit code 3
 */
export function readSecretFile(path: string, what: string): string {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path);
  const refuse = (message: string, facts: Record<string, string>, next: readonly string[]) =>
    new TvError(message, { facts: { file, ...facts }, next, exitCode: exitCodes.blocked });
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      throw refuse(`The ${what} can be read by others.`, { mode: `0${(mode & 0o777).toString(8)}` }, [
        `chmod 600 ${file}`,
      ]);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof TvError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const words: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'this user may not read it',
      EISDIR: 'it is a folder',
    };
    throw refuse(`The ${what} cannot be read.`, { reason: words[code] ?? code }, ['tv config show']);
  }
}
