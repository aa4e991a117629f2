// The entry is also built as a CommonJS script, which cannot import.
const { closeSync, fstatSync, openSync, writeSync } = process.getBuiltinModule('node:fs');

/** node:tty brings all of node:net, and only a device can be a terminal. */
const isatty = (fd: number) => isDevice(fd) && process.getBuiltinModule('node:tty').isatty(fd);

/** Errors of a reader that has gone: EPIPE of `tv … | head`, EIO of a closed SSH session. */
const readerIsGone: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/** Why results were not written although their reader was still there. */
export interface OutputTrouble {
  unwritten: NodeJS.ErrnoException | undefined;
}

/**
 * Keeps a run going, and the process whole, when the terminal or the reader of a pipe goes away: after
 * the first EIO or EPIPE nothing more is written there. Node 20 otherwise dies of it, by SIGSEGV while
 * it writes (spinner, questions) or by SIGABRT when it ends, and leaves a core.
 */
export function surviveLostOutput(): OutputTrouble {
  const trouble: OutputTrouble = { unwritten: undefined };
  writeFilesWhole(process.stdout, 1);
  writeFilesWhole(process.stderr, 2);
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  silenceOnceGone(process.stdout, terminals.includes(1) ? 1 : undefined, (error) => {
    trouble.unwritten ??= error;
  });
  silenceOnceGone(process.stderr, terminals.includes(2) ? 2 : undefined, () => {});
  process.on('exit', () => {
    // At exit Node restores the mode of terminals, and aborts if that fails (`ResetStdio` in src/node.cc). It
    // skips a descriptor that has become another file.
    for (const fd of terminals.filter((fd) => !isatty(fd))) replaceByNull(fd);
  });
  return trouble;
}

/**
 * Node passes a file's text to write(2) once, and ignores how much of it was accepted
 * (`SyncWriteStream` in lib/internal/fs/sync_write_stream.js): on a disk that fills up, the rest is lost.
 */
function writeFilesWhole(stream: NodeJS.WriteStream, fd: number): void {
  if (isatty(fd) || !isFile(fd)) return;
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let from = 0; from < chunk.length; ) from += writeSync(fd, chunk, from);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** Of what Node writes synchronously: files and devices such as /dev/full. */
function isFile(fd: number): boolean {
  return isDevice(fd) || statOf(fd)?.isFile() === true;
}

function isDevice(fd: number): boolean {
  return statOf(fd)?.isCharacterDevice() === true;
}

function statOf(fd: number) {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/** Of stdout; undefined where it is no terminal, or one of unknown size. */
export function terminalColumns(): number | undefined {
  return isatty(1) ? process.stdout.columns || undefined : undefined;
}

/** Of stdout; undefined where it is no terminal, or one of unknown size. */
export function terminalRows(): number | undefined {
  return isatty(1) ? process.stdout.rows || undefined : undefined;
}

/**
 * Writes a text to stdout without Node's streams, which take longer to load than the rest of a start.
 * @returns why it was not written although its reader was still there
 */
export function writeAtOnce(text: string): NodeJS.ErrnoException | undefined {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(1, bytes, from);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (readerIsGone.includes(code)) return undefined;
      if (code !== 'EAGAIN') return error as NodeJS.ErrnoException;
      // A full pipe that whoever started tv made non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return undefined;
}

function silenceOnceGone(
  stream: NodeJS.WriteStream,
  terminal: number | undefined,
  onError: (error: NodeJS.ErrnoException) => void,
): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (readerIsGone.includes(error.code)) gone = true;
    else onError(error);
  });
  stream.write = ((...args: unknown[]) => {
    // After a hangup a terminal is none any more: every call to it fails with EIO.
    gone ||= terminal !== undefined && !isatty(terminal);
    if (!gone) return write(...args);
    const done = args.find((argument) => typeof argument === 'function');
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }) as typeof stream.write;
}

function replaceByNull(fd: number): void {
  try {
    closeSync(fd);
    // open(2) returns the lowest free number.
    openSync('/dev/null', 'r+');
  } catch {
    // Then there is no terminal mode left to restore.
  }
}
