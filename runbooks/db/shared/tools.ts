import type { DatabaseServer } from '../../../src/database/readServer.ts';
import { onHost, quoteForShell } from '../../../src/errors/shellLine.ts';
import { listTools } from '../../../src/host/findTool.ts';
import { readDirectory } from '../../../src/host/readDirectory.ts';
import { readMachine } from '../../../src/host/readMachine.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/lookout.ts';

/** What the host brings: PostgreSQL's programs, and cores to use. */
export type Tools = {
  /** pg_dump's, and at least that of pg_restore. */
  readonly major: number;
  /** As pg_dump says it itself. */
  readonly version: string;
  readonly cores: number;
  readonly memoryBytes: number;
};

/**
 * PostgreSQL's client programs on the host: those of the server's own major version where they are
 * installed, as every script of tv takes them; else those on the PATH. pg_dump refuses a server that
 * is newer than itself.
 */
export async function lookAtTools(ctx: Context, server: Pick<DatabaseServer, 'major' | 'version'>) {
  const host = ctx.host();
  const names = ['pg_dump', 'pg_restore', 'psql'] as const;
  const [machine, ...found] = await Promise.all([
    readMachine(host),
    ...names.map((tool) => listTools(host, { tool })),
  ]);
  const [pgDump, pgRestore, psql] = found.map(
    (tools) =>
      tools.find(({ major }) => major === server.major) ??
      tools.find(({ major }) => major >= server.major) ??
      tools[0],
  );
  if (pgDump === undefined || pgRestore === undefined || psql === undefined) {
    return block<Tools>("PostgreSQL's client programs are not installed on the host", {
      next: ['apt-get install postgresql-client'],
    });
  }
  if (pgDump.major < server.major || pgRestore.major < server.major) {
    return block<Tools>(
      `pg_dump ${pgDump.major} is older than the server (${server.version}) and refuses to dump it`,
      { next: [`apt-get install postgresql-client-${server.major}`] },
    );
  }
  const value: Tools = {
    major: pgDump.major,
    version: pgDump.text,
    cores: machine.cores,
    memoryBytes: machine.memoryTotalBytes,
  };
  const relation = pgDump.major === server.major ? 'as the server' : `newer than the server, ${server.major}`;
  return pass(`pg_dump ${pgDump.major}, ${relation}; ${machine.cores} cores`, value);
}

/** The backup folder, or why nothing can be written there. */
export async function lookAtFolder(ctx: Context, directory: string) {
  const shown = quoteForShell(directory);
  const { exists, isDirectory, writable } = await readDirectory(ctx.host(), { path: directory });
  if (exists && !isDirectory) {
    return block<string>(`the backup folder ${directory} is not a folder`, {
      next: ['set backup.directory: tv config show'],
    });
  }
  if (!exists) {
    return block<string>(`the backup folder ${directory} does not exist`, {
      next: [onHost(`mkdir -p ${shown}`), 'or set backup.directory: tv config show'],
    });
  }
  if (!writable) {
    return block<string>(`the backup folder ${directory} is not writable`, {
      next: [onHost(`ls -ld ${shown}`), 'tv config show'],
    });
  }
  return pass(directory, directory);
}
