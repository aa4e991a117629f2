// The entry is also built as a CommonJS script, which cannot import.
const { closeSync, fstatSync, openSync, writeSync } = process.getBuiltinModule('node:fs');
const { isatty } = process.getBuiltinModule('node:tty');

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
  try {
    const stat = fstatSync(fd);
    return stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
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
