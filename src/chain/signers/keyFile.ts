import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../runbook/syncDirectory.ts';
import { readSecretFile } from './readSecretFile.ts';

/**
 * Writes a secret to a file of its own (0600), whole or not at all, and returns only when it is on disk.
 * @throws Error with EEXIST rather than write over another
 */
export function writeKeyFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = draftOf(path);
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  // Unlike a rename, a link never takes the place of a file that is there.
  linkSync(draft, path);
  rmSync(draft);
  syncDirectory(dirname(path));
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

function draftOf(path: string): string {
  return `${path}.new`;
}

/** Key files in a folder, by full path. */
export function listKeyFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.key'))
    .map((name) => join(directory, name));
}
