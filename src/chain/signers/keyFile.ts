import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { createFile, draftOf, syncDirectory } from '../../output/durableFile.ts';
import { readSecretFile } from './readSecretFile.ts';

/**
 * Writes a secret to a file of its own (0600), whole or not at all, and returns only when it is on disk.
 * @throws Error with EEXIST rather than write over another. @throws WriteError
 */
export function writeKeyFile(path: string, text: string): void {
  createFile(path, text);
}

/** Undefined where it is not there. @throws TvError where others can read it, or it cannot be seen or read */
export function readKeyFile(path: string): string | undefined {
  return isThere(path) ? readSecretFile(path, 'key').trim() : undefined;
}

/** Removes it, durably, with what a kill has left of writing it. Gone already is fine. */
export function removeKeyFile(path: string): void {
  if (!isThere(dirname(path))) return;
  for (const file of [path, draftOf(path)]) rmSync(file, { force: true });
  syncDirectory(dirname(path));
}

/** Key files in a folder, by full path. @throws TvError where the folder cannot be read */
export function listKeyFiles(directory: string): readonly string[] {
  if (!isThere(directory)) return [];
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw notSeen(directory, error);
  }
  return names.filter((name) => name.endsWith('.key')).map((name) => join(directory, name));
}

/** `existsSync` also says no of what may not be seen. @throws TvError where it cannot be seen whether it is there */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return false;
    throw notSeen(path, error);
  }
}

function notSeen(path: string, error: unknown): TvError {
  return new TvError('signer.file-unreadable', 'Whether a key is there cannot be seen.', {
    facts: { path, reason: codeOf(error) },
    exitCode: exitCodes.blocked,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
