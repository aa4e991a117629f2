import { renameSync, writeFileSync } from 'node:fs';

/** Where a file is written before it gets its name. */
export const draftOf = (path: string): string => `${path}.draft`;

/** Writes a file for its owner alone: whole or not at all, also where the writer is killed. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(draftOf(path), text, { mode: 0o600 });
  renameSync(draftOf(path), path);
}
