import { outsideText } from '../errors/outsideText.ts';
import { TvError } from '../errors/TvError.ts';
import type { CommandOptions, Database, Host } from '../runbook/context.ts';

export interface HostScript {
  readonly run: Host['run'];
  /** bash, since only its `pipefail` keeps a failing first half of a pipe from being hidden. */
  readonly script: string;
  /** `$1`, `$2` … of the script. Never a secret: they are on the command line. */
  readonly args: readonly string[];
  readonly failure: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  /** A remedy, or one that goes by the last words. */
  readonly next?: string | ((said: string) => string);
  readonly signal?: AbortSignal;
}

/**
 * Runs a script of libpq programs on the host, with the password in their environment and no time
 * limit: dumps and restores take as long as they take.
 * @returns its standard output
 * @throws TvError with what the program said where any part of it fails
 */
export async function runHostScript(database: Database, parameters: HostScript): Promise<string> {
  const { run, script, args, failure, facts, next, signal } = parameters;
  const options: CommandOptions = {
    secrets: database.secrets,
    libpq: true,
    timeoutMs: 0,
    ...(signal === undefined ? {} : { signal }),
  };
  const strict = `set -euo pipefail\nexport LC_ALL=C\n${script}`;
  const output = await run(['bash', '-c', strict, 'tv', ...args], options);
  if (signal?.aborted === true) throw signal.reason;
  if (output.exitCode !== 0) {
    const said = lastWords(output.stderr);
    throw new TvError(failure, {
      facts: { ...facts, said, 'exit code': output.exitCode },
      ...(next === undefined ? {} : { next: typeof next === 'string' ? next : next(said ?? '') }),
    });
  }
  return output.stdout;
}

/** The lines that name the error, without the hints and statements around it. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) =>
    /error|fatal|denied|mismatch|cannot|could not|no such|closed the connection/i.test(line),
  );
  return (
    (errors.length > 0 ? errors : lines)
      .slice(-4)
      .map((line) => outsideText(line))
      .join(' · ') || undefined
  );
}
