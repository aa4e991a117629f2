import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../runbook/syncDirectory.ts';
import { readSecretFile } from './readSecretFile.ts';

/** Writes a secret to a file of its own (0600) and returns only when it is on disk. Never over another. */
export function writeKeyFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const handle = openSync(path, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  syncDirectory(dirname(path));
}

/** Undefined where it is not there. @throws TvError where others can read it */
export function readKeyFile(path: string): string | undefined {
  return existsSync(path) ? readSecretFile(path, 'key').trim() : undefined;
}

/** Removes it, durably. Gone already is fine. */
export function removeKeyFile(path: string): void {
  if (!existsSync(path)) return;
  rmSync(path);
  syncDirectory(dirname(path));
}

/** Key files in a folder, by full path. */
export function listKeyFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.key'))
    .map((name) => join(directory, name));
}
