import type { Host } from '../runbook/context.ts';
import { type PostgresTool, readToolVersion, type ToolVersion } from './readToolVersion.ts';

export interface FoundTool extends ToolVersion {
  /** Absolute. */
  readonly path: string;
}

/** Where Debian and PostgreSQL's own RPM packages put the programs of each major version. */
const script = `command -v -- "$1" || true
for file in /usr/lib/postgresql/*/bin/"$1" /usr/pgsql-*/bin/"$1"; do [ ! -x "$file" ] || echo "$file"; done`;

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

/**
 * A PostgreSQL client program that is new enough: `pg_dump` refuses a server newer than itself.
 * Prefers the one on the PATH. Undefined where none is new enough.
 */
export async function findTool(
  host: Host,
  { tool, atLeastMajor }: { readonly tool: PostgresTool; readonly atLeastMajor: number },
): Promise<FoundTool | undefined> {
  const tools = await listTools(host, { tool });
  return tools.find(({ major }) => major >= atLeastMajor);
}
