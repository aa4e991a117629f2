import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { CommandMissingError, lastLine } from './explainFailure.ts';

export type PostgresTool = 'pg_dump' | 'pg_restore' | 'psql';

export interface ToolVersion {
  readonly major: number;
  /** As it says itself: `pg_dump (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`. */
  readonly text: string;
}

export interface ReadToolVersionParameters {
  readonly tool: PostgresTool;
  /** Where it is; default: whichever the PATH gives. */
  readonly path?: string;
}

/**
 * The version of a PostgreSQL client program, or undefined where it is not installed.
 * @throws UnavailableError where it is installed but reports no version
 */
export async function readToolVersion(
  host: Host,
  { tool, path = tool }: ReadToolVersionParameters,
): Promise<ToolVersion | undefined> {
  try {
    const { stdout, stderr } = await host.run([path, '--version']);
    const text = stdout.trim();
    const major = /\(PostgreSQL\) (\d+)/.exec(text)?.[1];
    if (major !== undefined) return { major: Number(major), text };
    throw new UnavailableError('host.unreadable-answer', `${path} did not report its version.`, {
      facts: { reason: lastLine(stderr) || text },
      next: `${path} --version`,
    });
  } catch (error) {
    if (error instanceof CommandMissingError) return undefined;
    throw error;
  }
}
