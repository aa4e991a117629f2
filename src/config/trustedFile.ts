import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Advice, onThisMachine } from '../errors/advice.ts';

/** A part of a path that another user could change, and with it the target of the path. */
export interface Exposure {
  /** The file, folder or symbolic link. */
  readonly path: string;
  readonly reason: string;
  /** A command that ends it. */
  readonly remedy: Advice;
}

const othersMayWrite = 0o022;
const sticky = 0o1000;
/** The kernel's limit, too: more counts as a loop (path_resolution(7)). */
const mostLinks = 40;

/**
 * Finds the first part of a path, from the root, that another user could change: a file, folder or symbolic link
 * that is owned by neither root nor this user, or that group or others may write to. sshd does the same with
 * `StrictModes`. A folder with the sticky bit is safe: users can rename and remove only their own files in it.
 * @returns undefined if there is none; of a path that ends early, the existing parts are checked
 */
export function findExposure(path: string, user = process.geteuid?.() ?? 0): Exposure | undefined {
  let at = '/';
  let links = 0;
  const ahead = resolve(path).split('/').filter(Boolean);
  const root = judge('/', lstatSync('/'), user);
  if (root !== undefined) return root;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const stats = lstatSync(next, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    const exposure = judge(next, stats, user);
    if (exposure !== undefined) return exposure;
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > mostLinks) return undefined;
      const target = readlinkSync(next);
      if (target.startsWith('/')) at = '/';
      ahead.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
    } else if (stats.isDirectory()) at = next;
    // A regular file has nothing below it that others could change.
    else return undefined;
  }
  return undefined;
}

function judge(path: string, stats: Stats, user: number): Exposure | undefined {
  const own = user === 0 ? 'root' : `$(id -un)`;
  if (stats.uid !== 0 && stats.uid !== user) {
    const chown = stats.isSymbolicLink() ? 'chown -h' : 'chown';
    return {
      path,
      reason: `it belongs to another user (uid ${stats.uid})`,
      remedy: onThisMachine(`${user === 0 ? '' : 'sudo '}${chown} ${own} ${quoted(path)}`),
    };
  }
  const isProtected = stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & sticky) !== 0);
  if (isProtected || (stats.mode & othersMayWrite) === 0) return undefined;
  const who = (stats.mode & 0o002) === 0 ? 'its group' : 'every user';
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  return {
    path,
    reason: `${who} may write to it (mode ${mode})`,
    remedy: onThisMachine(`chmod go-w ${quoted(path)}`),
  };
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

export interface TrustedText {
  readonly bytes: Buffer;
  readonly mode: number;
}

/** Why a file was not read. */
export type FileTrouble =
  | { readonly kind: 'missing' | 'denied' }
  | { readonly kind: 'exposed'; readonly exposure: Exposure }
  /** `reason` completes "cannot be read:". */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads a file of this machine that tv depends on. Never waits for a FIFO or a device, never reads an endless
 * one, and refuses a file that others can change.
 * @param limit in bytes
 */
export function readTrustedFile(path: string, limit: number): TrustedText | FileTrouble {
  return readSmallFile(path, limit, findExposure);
}

/**
 * The same of a file that anybody may have made: what it says is to be checked, not whose it is.
 * @param exposureOf undefined where nothing of the path makes the file unfit
 */
export function readSmallFile(
  path: string,
  limit: number,
  exposureOf: (path: string) => Exposure | undefined = () => undefined,
): TrustedText | FileTrouble {
  let handle: number | undefined;
  try {
    // With O_NONBLOCK, opening a FIFO without a writer returns at once.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stats = fstatSync(handle);
    if (!stats.isFile()) return { kind: 'unreadable', reason: `it is ${kindOf(stats)}` };
    const exposure = exposureOf(path);
    if (exposure !== undefined) return { kind: 'exposed', exposure };
    const bytes = readUpTo(handle, limit + 1);
    if (bytes.length > limit) return { kind: 'unreadable', reason: `it is larger than ${limit / 1024} KiB` };
    return { bytes, mode: stats.mode };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied' };
    return { kind: 'unreadable', reason: reasons[code] ?? code };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function readUpTo(handle: number, most: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < most) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, most - size));
    const read = readSync(handle, chunk, 0, chunk.length, null);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    size += read;
  }
  return Buffer.concat(chunks);
}

/** Why a file was not read, to follow "cannot be read:", and the remedy. */
export function explainTrouble(trouble: FileTrouble): {
  readonly facts: Readonly<Record<string, string>>;
  readonly next: Advice | undefined;
} {
  switch (trouble.kind) {
    case 'exposed': {
      const { path, reason, remedy } = trouble.exposure;
      return { facts: { through: path, reason }, next: remedy };
    }
    case 'unreadable':
      return { facts: { reason: trouble.reason }, next: undefined };
    case 'missing':
      return { facts: { reason: 'there is no such file' }, next: undefined };
    case 'denied':
      return { facts: { reason: 'this user may not read it' }, next: undefined };
  }
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links form a loop',
  ENXIO: 'it is a socket, or a device that is not there',
  ENAMETOOLONG: 'its name is too long',
};

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}
