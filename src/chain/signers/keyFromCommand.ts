import { execFile } from 'node:child_process';
import { exitCodes, TvError } from '../../errors/TvError.ts';

/** A password manager may ask for a touch or a PIN. */
const defaultLimitMs = 30_000;

/**
 * The output of a command on this machine, without the end of the line. Neither its output nor its
 * errors are ever repeated: either could hold the key.
 * @throws TvError with exit code 3 where it fails, prints nothing, or does not end in time
 */
export function keyFromCommand(words: readonly string[], limitMs = defaultLimitMs): Promise<string> {
  const [program = '', ...args] = words;
  const refuse = (reason: string) =>
    new TvError('The command that yields the key failed.', {
      facts: { command: program, reason },
      next: ['run it by hand, and see that it prints the key and nothing else'],
      exitCode: exitCodes.blocked,
    });
  return new Promise((done, fail) => {
    const child = execFile(program, args, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, stdout) => {
      const text = stdout.trim();
      if (error === null) return text === '' ? fail(refuse('it printed nothing')) : done(text);
      fail(refuse(error.killed ? `no end after ${limitMs / 1000} s` : reasonOf(error.code)));
    });
    // What it would read here is the operator's answer to a question of tv.
    child.stdin?.end();
  });
}

function reasonOf(code: unknown): string {
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'it may not be run by this user';
  return `exit code ${String(code)}`;
}
