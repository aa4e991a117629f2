import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { quoteForShell } from '../text/shellLine.ts';

/** write(2), or its replacement in a test. Returns the number of bytes that were written. */
export type Write = (handle: number, bytes: Uint8Array, offset: number, length: number) => number;

/** A file of tv could not be written. The action that it should have recorded must not happen. */
export class WriteError extends TvError {
  override readonly name = 'WriteError';
  /** errno name (`ENOSPC`, `EROFS`, `EACCES`), or `SHORT` where write(2) accepted no more bytes. */
  readonly reason: string;

  constructor(file: string, cause: unknown) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'SHORT';
    super('file.not-written', `Cannot write ${file}: ${words[reason] ?? (cause as Error).message}.`, {
      facts: { file, error: reason },
      next:
        reason === 'ENOSPC' || reason === 'SHORT'
          ? onThisMachine(`df -h ${quoteForShell(dirname(file))}`)
          : onThisMachine(`ls -ld ${quoteForShell(dirname(file))}`),
      cause,
    });
    this.reason = reason;
  }
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EFBIG: 'the file would exceed the size limit',
  EIO: 'the disk reported an I/O error',
  ENOTDIR: 'a part of its path is not a directory',
  ENXIO: 'it is not a regular file',
  ELOOP: 'it is a symbolic link',
  SHORT: 'the file system accepted only a part of it',
};

/**
 * Writes all of `text`. write(2) may accept fewer bytes than it was given, typically on a full file
 * system; the rest is then written by the next call, or that call fails with the reason.
 * @throws Error where the file system accepts no more
 */
export function writeWhole(handle: number, text: string, write: Write = writeSync): void {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    const count = write(handle, bytes, written, bytes.length - written);
    if (count <= 0) throw new Error('write accepted no bytes');
    written += count;
  }
}

/** Never through a symbolic link. Without O_NONBLOCK, opening a FIFO waits for a reader forever. */
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const appending = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;

/**
 * Appends a line and returns only when all of it is on disk. Creates file (0600) and directory (0700).
 * Where that fails the file is as before: a part of the line is cut off again. A part that an earlier
 * process left (the machine died in the middle of a write) is cut off first.
 * @throws WriteError
 */
export function appendLine(file: string, line: string, write?: Write): void {
  attempt(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, appending, 0o600);
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENXIO' });
      const end = endOfLines(handle, stat.size);
      if (end < stat.size) ftruncateSync(handle, end);
      try {
        writeWhole(handle, `${line}\n`, write);
        fsyncSync(handle);
      } catch (error) {
        ftruncateSync(handle, end);
        fsyncSync(handle);
        throw error;
      }
    } finally {
      closeSync(handle);
    }
    // The name of a new file is itself only durable once its directory is.
    syncDirectory(dirname(file));
  });
}

/**
 * Replaces a file as a whole: a reader sees the old text or the new one, also after a crash.
 * @throws WriteError; then the old file is still there
 */
export function replaceFile(file: string, text: string, mode = 0o600, write?: Write): void {
  draft(file, `${file}.tmp-${process.pid}`, { text, mode, write }, (temporary) =>
    renameSync(temporary, file),
  );
}

/** Where `createFile` writes a file before it gets its name; a kill can leave it behind. */
export function draftOf(file: string): string {
  return `${file}.new`;
}

/**
 * Creates a file with all of `text` (0600), and returns only when it is on disk.
 * @throws Error with code EEXIST rather than replace a file. @throws WriteError
 */
export function createFile(file: string, text: string, write?: Write): void {
  // Unlike a rename, a link never replaces a file that is there.
  draft(file, draftOf(file), { text, mode: 0o600, write }, (temporary) => {
    linkSync(temporary, file);
    rmSync(temporary);
  });
}

function draft(
  file: string,
  temporary: string,
  content: { readonly text: string; readonly mode: number; readonly write: Write | undefined },
  publish: (temporary: string) => void,
): void {
  attempt(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(temporary, { force: true });
    try {
      const handle = openSync(temporary, 'wx', content.mode);
      try {
        writeWhole(handle, content.text, content.write);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      publish(temporary);
      syncDirectory(dirname(file));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** Makes names in a directory durable: a new file is there after a crash only once its directory is. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Bytes up to the last line end; the rest is a line that was never completed. */
function endOfLines(handle: number, size: number): number {
  const chunk = Buffer.alloc(4096);
  for (let end = size; end > 0; ) {
    const length = Math.min(chunk.length, end);
    readSync(handle, chunk, 0, length, end - length);
    const at = chunk.subarray(0, length).lastIndexOf(0x0a);
    if (at >= 0) return end - length + at + 1;
    end -= length;
  }
  return 0;
}

function attempt(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && existsSync(file)) throw error;
    throw error instanceof TvError ? error : new WriteError(file, error);
  }
}

/**
 * Whether there is certainly nothing at a path. A file in a folder that may not be searched, or below something
 * that is no folder, is not certainly absent.
 * @throws the system's error where that is unknown
 */
export function isAbsent(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}
