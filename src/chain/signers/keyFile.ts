import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createFile, draftOf, syncDirectory } from '../../output/durableFile.ts';
import { readSecretFile } from './readSecretFile.ts';

/**
 * Writes a secret to a file of its own (0600), whole or not at all, and returns only when it is on disk.
 * @throws Error with EEXIST rather than write over another. @throws WriteError
 */
export function writeKeyFile(path: string, text: string): void {
  createFile(path, text);
}

/** Undefined where it is not there. @throws TvError where others can read it */
export function readKeyFile(path: string): string | undefined {
  return existsSync(path) ? readSecretFile(path, 'key').trim() : undefined;
}

/** Removes it, durably, with what a kill has left of writing it. Gone already is fine. */
export function removeKeyFile(path: string): void {
  if (!existsSync(dirname(path))) return;
  for (const file of [path, draftOf(path)]) rmSync(file, { force: true });
  syncDirectory(dirname(path));
}

/** Key files in a folder, by full path. */
export function listKeyFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.key'))
    .map((name) => join(directory, name));
}
