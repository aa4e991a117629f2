import type { Host } from '../runbook/context.ts';
import script from './findTool.sh';
import { type PostgresTool, readToolVersion, type ToolVersion } from './readToolVersion.ts';

export interface FoundTool extends ToolVersion {
  /** Absolute. */
  readonly path: string;
}

/** All installed versions of a PostgreSQL client program; the one on the PATH first, then the newest first. */
export async function listTools(host: Host, { tool }: { readonly tool: PostgresTool }): Promise<FoundTool[]> {
  const { stdout } = await host.run(['sh', '-c', script, 'sh', tool]);
  const paths = [...new Set(stdout.split('\n').filter((line) => line.startsWith('/')))];
  const found = await Promise.all(
    paths.map(async (path) => {
      const version = await readToolVersion(host, { tool, path });
      return version === undefined ? [] : [{ path, ...version }];
    }),
  );
  const [first = [], ...others] = found;
  return [...first, ...others.flat().sort((a, b) => b.major - a.major)];
}

export interface ClientPrograms {
  readonly pgDump: FoundTool;
  readonly pgRestore: FoundTool;
  readonly psql: FoundTool;
}

/**
 * The client programs that tv's scripts take: those of the server's own major version where they are
 * installed, else newer ones (pg_dump refuses a server newer than itself), else what there is.
 * @returns undefined where one of them is not installed at all
 */
export async function findClientPrograms(
  host: Host,
  { serverMajor }: { readonly serverMajor: number },
): Promise<ClientPrograms | undefined> {
  const names = ['pg_dump', 'pg_restore', 'psql'] as const;
  const all = await Promise.all(names.map((tool) => listTools(host, { tool })));
  const [pgDump, pgRestore, psql] = all.map(
    (tools) =>
      tools.find(({ major }) => major === serverMajor) ??
      tools.find(({ major }) => major >= serverMajor) ??
      tools[0],
  );
  if (pgDump === undefined || pgRestore === undefined || psql === undefined) return undefined;
  return { pgDump, pgRestore, psql };
}

/** Whether programs can dump from a server and restore to it; the first that cannot, otherwise. */
export function findTooOld(
  { pgDump, pgRestore }: ClientPrograms,
  { serverMajor }: { readonly serverMajor: number },
): { readonly tool: PostgresTool; readonly found: FoundTool } | undefined {
  if (pgDump.major < serverMajor) return { tool: 'pg_dump', found: pgDump };
  return pgRestore.major < serverMajor ? { tool: 'pg_restore', found: pgRestore } : undefined;
}
