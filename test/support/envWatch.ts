import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What a reader of a file saw while it was changed. */
export interface FileSightings {
  /** Distinct contents, in the order in which they were first seen. */
  readonly contents: readonly string[];
  /** Distinct `mode uid gid`. */
  readonly owners: readonly string[];
  /** What the file that was there at the beginning holds now: what a reader that had it open sees. */
  readonly old: string;
  /** The name now belongs to another file. */
  readonly replaced: boolean;
}

/** Reads a file again and again until `stop`, as a service that starts at any moment would. */
export function watchFile(path: string): { stop(): Promise<FileSightings> } {
  const handle = openSync(path, 'r');
  const contents = new Set<string>();
  const owners = new Set<string>();
  let ended = false;
  const look = async () => {
    while (!ended) {
      contents.add(readFileSync(path, 'utf8'));
      owners.add(ownerOf(path));
      await delay(1);
    }
  };
  const looking = look();
  return {
    stop: async () => {
      ended = true;
      try {
        await looking;
        const old = readFileSync(handle, 'utf8');
        const replaced = fstatSync(handle).ino !== statSync(path).ino;
        return { contents: [...contents], owners: [...owners], old, replaced };
      } finally {
        closeSync(handle);
      }
    },
  };
}

/** `mode uid gid` of a file. */
export function ownerOf(path: string): string {
  const { mode, uid, gid } = statSync(path);
  return `${(mode & 0o7777).toString(8)} ${uid} ${gid}`;
}
