import { sql } from 'kysely';
import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TvError } from '../errors/TvError.ts';
import type { CommandOptions, Database, Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import programs from './hostScript.sh';

export interface HostScript {
  readonly run: Host['run'];
  /** bash, since only its `pipefail` keeps a failing first half of a pipe from being hidden. */
  readonly script: string;
  /** `$1`, `$2` … of the script. Never a secret: they are on the command line. */
  readonly args: readonly string[];
  /** Its standard input. */
  readonly input?: string;
  readonly code: ErrorCode;
  readonly failure: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  /** A remedy, or one that goes by the last words. */
  readonly next?: Advice | readonly Advice[] | ((said: string) => Advice | readonly Advice[]);
  readonly signal?: AbortSignal;
}

/**
 * Runs a script of libpq programs on the host, with the password in their environment and no time
 * limit: dumps and restores take as long as they take.
 * @returns its standard output
 * @throws TvError with what the program said where any part of it fails
 */
export async function runHostScript(database: Database, parameters: HostScript): Promise<string> {
  const { run, script, args, input, code, failure, facts, next, signal } = parameters;
  const options: CommandOptions = {
    secrets: database.secrets,
    libpq: true,
    timeoutMs: 0,
    ...(input === undefined ? {} : { input }),
    ...(signal === undefined ? {} : { signal }),
  };
  const server = await serverMajor(database);
  const output = await run(
    ['bash', '-c', `${programs}${script}`, 'tv', String(server ?? ''), ...args],
    options,
  );
  if (signal?.aborted === true) throw signal.reason;
  if (output.exitCode !== 0) {
    const said = lastWords(output.stderr);
    throw new TvError(code, failure, {
      facts: { ...facts, said, 'exit code': output.exitCode },
      ...(next === undefined ? {} : { next: typeof next === 'function' ? next(said ?? '') : next }),
    });
  }
  return output.stdout;
}

/** A program that was killed ends with 128 and the signal's number; one that cannot be run with 126 or 127. */
const firstForeignExitCode = 126;
/** Of what a script reads or starts, in the words of the C library (`LC_ALL=C`). */
const byTheHost =
  /permission denied|input\/output error|(cannot allocate|not enough) memory|is not installed on the host/i;

/**
 * Whether a script of `runHostScript` failed by the host that it ran on: a program that is not there or was killed, a
 * file that may not be read. That says nothing about what it was to read.
 */
export function isHostsFault({ facts: { said = '', 'exit code': exitCode } }: TvError): boolean {
  return Number(exitCode ?? 0) >= firstForeignExitCode || byTheHost.test(said);
}

const majors = new WeakMap<Database, number>();

/** Undefined where the server does not answer: a backup can be read without it. */
async function serverMajor(database: Database): Promise<number | undefined> {
  const cached = majors.get(database);
  if (cached !== undefined) return cached;
  try {
    const { rows } = await sql<{ major: number }>`
      select current_setting('server_version_num')::int / 10000 as major
    `.execute(database.kysely);
    const major = rows[0]?.major;
    if (major !== undefined) majors.set(database, major);
    return major;
  } catch (error) {
    if (error instanceof TvError) return undefined;
    throw error;
  }
}

/** The lines that name the error, without the hints and statements around it. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) =>
    /error|fatal|denied|refused:|mismatch|cannot|could not|no such|closed the connection/i.test(line),
  );
  return (
    (errors.length > 0 ? errors : lines)
      .slice(-4)
      .map((line) => outsideText(line))
      .join(' · ') || undefined
  );
}
