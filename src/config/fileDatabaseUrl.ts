import { execFile } from 'node:child_process';
import { keyOf } from './keys.ts';
import type { FileValue } from './parseConfig.ts';
import type { ProcessEnv } from './places.ts';
import type { SettingsProblem } from './settings.ts';

/** A password manager may ask for a touch or a PIN. */
const commandLimitMs = 30_000;

export type FileUrl =
  | { readonly raw: string; readonly where: string }
  | { readonly problem: SettingsProblem };

/**
 * The database URL as a file gives it: itself (`url`), as the output of a command (`urlCommand`)
 * or as the name of a variable that holds it (`urlEnv`). Where the source named yields nothing,
 * that is an error: another source could be another database.
 */
export async function fileDatabaseUrl(
  path: string,
  values: ReadonlyMap<string, FileValue>,
  env: ProcessEnv,
): Promise<FileUrl | undefined> {
  const ways = ['database.url', 'database.urlCommand', 'database.urlEnv'].filter((key) => values.has(key));
  const way = ways[0];
  const value = way === undefined ? undefined : values.get(way);
  if (way === undefined || value === undefined) return undefined;
  const where = `${path}:${value.line}`;
  const fail = (message: string, next: string, facts: Readonly<Record<string, string>> = {}): FileUrl => ({
    problem: { level: 'error', message, where, key: 'database.url', facts, next },
  });
  if (ways.length > 1) {
    return fail('The database URL is given in more than one way.', `keep one of them in ${path}`, {
      given: ways.join(', '),
    });
  }
  if (way === 'database.url') return { raw: String(value.raw), where };
  if (way === 'database.urlEnv') {
    const name = String(value.raw);
    const raw = env[name];
    return raw ? { raw, where: `$${name} (${where})` } : fail(`$${name} is not set.`, `export ${name}=…`);
  }
  const words = keyOf('host.prefix').read(value.raw) ?? [];
  const [program = '', ...args] = words;
  if (program === '') {
    return fail('database.urlCommand is malformed.', `correct line ${value.line} of ${path}`, {
      expected: 'words, or a list of words',
    });
  }
  const answer = await output(program, args);
  const next = `run it by hand: ${words.join(' ')}`;
  if (answer.failure !== undefined) {
    return fail('The command that yields the database URL failed.', next, { reason: answer.failure });
  }
  return answer.text === ''
    ? fail('The command that yields the database URL printed nothing.', next)
    : { raw: answer.text, where: `${where} (urlCommand)` };
}

/** Without its stderr, which could hold the secret. */
function output(
  program: string,
  args: readonly string[],
): Promise<{ readonly text: string; readonly failure?: string }> {
  return new Promise((done) => {
    const child = execFile(
      program,
      args,
      { timeout: commandLimitMs, killSignal: 'SIGKILL' },
      (error, stdout) => {
        if (error === null) return done({ text: stdout.trim() });
        const failure = error.killed ? `no end after ${commandLimitMs / 1000} s` : reasonOf(error.code);
        done({ text: '', failure });
      },
    );
    // What it would read here is the operator's answer to a question of tv.
    child.stdin?.end();
  });
}

function reasonOf(code: unknown): string {
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'it may not be run by this user';
  return `exit code ${String(code)}`;
}
