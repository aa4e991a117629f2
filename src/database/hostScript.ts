import { sql } from 'kysely';
import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TvError } from '../errors/TvError.ts';
import type { CommandOptions, Database, Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';

export interface HostScript {
  readonly run: Host['run'];
  /** bash, since only its `pipefail` keeps a failing first half of a pipe from being hidden. */
  readonly script: string;
  /** `$1`, `$2` … of the script. Never a secret: they are on the command line. */
  readonly args: readonly string[];
  readonly code: ErrorCode;
  readonly failure: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  /** A remedy, or one that goes by the last words. */
  readonly next?: Advice | readonly Advice[] | ((said: string) => Advice | readonly Advice[]);
  readonly signal?: AbortSignal;
}

/**
 * What every script begins with. The client programs of the server's own major version come first,
 * where they are installed: Debian's `pg_dump` on the PATH is the newest, and what it writes may hold
 * settings that an older server does not know. `$server` is that version, or empty.
 *
 * `archive_reader FILE` prints the first pg_restore that can read the archive: an older one says
 * "unsupported version" of what a newer pg_dump has written.
 */
const programs = String.raw`
version_of() { "$1" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p'; }
release_folders() { ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -V || true; }
choose_programs() {
  local own folder major tool
  [ -n "$server" ] || return 0
  # Debian's own programs on the PATH take the newest version; asking them which is slow, too.
  own=0
  for tool in pg_dump pg_restore psql; do
    case $(readlink -f "$(command -v "$tool")") in
      */pg_wrapper) ;;
      *) own=$(version_of pg_dump || true) ;;
    esac
  done
  [ -n "$own" ] || own=0
  [ "$own" != "$server" ] || return 0
  for folder in $(release_folders); do
    for tool in pg_dump pg_restore psql; do [ -x "$folder/$tool" ] || continue 2; done
    major=$(version_of "$folder/pg_dump")
    if [ "$major" = "$server" ]; then PATH=$folder:$PATH; return; fi
    if [ "$major" -gt "$server" ] && [ "$own" -lt "$server" ]; then PATH=$folder:$PATH; own=$major; fi
  done
}
archive_reader() {
  local program said
  while read -r program; do
    said=$("$program" -l -- "$1" 2>&1 >/dev/null) && { printf '%s\n' "$program"; return; }
    case $said in *"unsupported version"*) ;; *) break ;; esac
  done < <(type -aP pg_restore; release_folders | sed 's,$,/pg_restore,')
  command -v pg_restore
}
choose_programs`;

/**
 * Runs a script of libpq programs on the host, with the password in their environment and no time
 * limit: dumps and restores take as long as they take.
 * @returns its standard output
 * @throws TvError with what the program said where any part of it fails
 */
export async function runHostScript(database: Database, parameters: HostScript): Promise<string> {
  const { run, script, args, code, failure, facts, next, signal } = parameters;
  const options: CommandOptions = {
    secrets: database.secrets,
    libpq: true,
    timeoutMs: 0,
    ...(signal === undefined ? {} : { signal }),
  };
  const server = await serverMajor(database);
  const strict = `set -euo pipefail\nexport LC_ALL=C\nserver=${server ?? ''}\n${programs}\n${script}`;
  const output = await run(['bash', '-c', strict, 'tv', ...args], options);
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
