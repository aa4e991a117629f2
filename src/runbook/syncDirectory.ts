import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes names in a directory durable: a new file is there after a crash only once its directory is. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
