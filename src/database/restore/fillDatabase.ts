import { sql } from 'kysely';
import { type Advice, onHost } from '../../errors/advice.ts';
import type { Database, Host } from '../../runbook/context.ts';
import type { Progress } from '../../runbook/events.ts';
import dumpReader from '../backup/dumpReader.awk';
import { knownSettings } from '../backup/dumpScript.ts';
import feedDump from '../backup/feedDump.sh';
import type { Backup } from '../backup/listBackups.ts';
import loadRanges from '../backup/loadRanges.sh';
import { libpqArguments } from '../connectDatabase.ts';
import { runHostScript } from '../hostScript.ts';
import { watch } from '../watchSize.ts';
import fillScript from './fillDatabase.sh';

export interface FillDatabaseParameters {
  readonly run: Host['run'];
  readonly backup: Pick<Backup, 'form' | 'archive' | 'path'>;
  /** pg_restore's parallel workers. */
  readonly jobs: number;
  /** Of the host; undefined: the sorting keeps to the server's own setting. */
  readonly memoryBytes?: number;
  readonly applicationName: string;
  /** What the database will about have, for the progress. */
  readonly expectedBytes: number | undefined;
  /** Without any rows: whether this server takes the backup. */
  readonly definitionsOnly?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

const mib = 1024 ** 2;
/** Share of the memory for sorting while indexes are built, all workers together. Freed when done. */
const sortShare = 1 / 8;

/**
 * Of the restoring sessions alone. Commits need not wait for the disk: the new database gets its name
 * by a commit that does wait, and what was written to the log before it is on disk with it.
 */
function sessionSettings({ jobs, memoryBytes }: FillDatabaseParameters): string {
  const settings = ['-c synchronous_commit=off', '-c client_min_messages=warning'];
  // Half of a restore is building indexes; more than 1 GiB speeds none of them up any further.
  const sort = Math.min(1024, Math.floor(((memoryBytes ?? 0) * sortShare) / jobs / mib));
  return [...settings, ...(sort < 64 ? [] : [`-c maintenance_work_mem=${sort}MB`])].join(' ');
}

/** What a server says to a role that may not. */
export const lacksRight = /permission denied|must be (superuser|owner)/i;
/** On a full disk a new session is refused in the second words, which leave the reason out. */
export const diskFull = /no space left|could not write init file/i;

/** What a server says that lacks what the backup takes for granted: the backup is not to blame. */
export const serverLacks =
  /role "[^"]*" does not exist|extension "[^"]*" is not available|could not open extension control file|could not access file|tablespace "[^"]*" does not exist|collation "[^"]*" .* does not exist/i;

function remedy(said: string): Advice | readonly Advice[] {
  const role = /role "(.*?)" does not exist/.exec(said)?.[1];
  if (role !== undefined) return createRole(role);
  const extension = /extension "(.*?)" is not available|extension\/(\w+)\.control/.exec(said);
  if (extension !== null) return installExtension(extension[1] ?? extension[2] ?? '');
  if (lacksRight.test(said)) return 'an extension wants a superuser: set database.adminUrl, then try again';
  if (diskFull.test(said))
    return onHost('df -h', 'make room where the server keeps its data, then try again');
  if (/refused:|invalid command|backslash commands are restricted/.test(said))
    return { tv: ['db', 'backups'] };
  if (/unsupported version/.test(said)) return 'install the client programs of the PostgreSQL that made it';
  return /connection|terminat|server/i.test(said)
    ? onHost('systemctl status postgresql')
    : { tv: ['db', 'backups'] };
}

/** A dump names roles, which belong to the whole server and are not in it. */
export function createRole(role: string): readonly Advice[] {
  const name = /^[a-z_][a-z0-9_]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`;
  return [onHost(`sudo -u postgres psql -c 'CREATE ROLE ${name.replaceAll("'", "'\\''")}'`)];
}

export function installExtension(name: string): readonly Advice[] {
  return [`install the extension ${name} on the database server, then try again`];
}

/**
 * Restores a backup into an empty database and gathers the planner's statistics, which no dump holds.
 * @param database the empty one, opened as a role that may make all that is in the backup
 * @throws TvError where any part fails; the database is then useless
 */
export async function fillDatabase(database: Database, parameters: FillDatabaseParameters): Promise<void> {
  const { run, backup, jobs, applicationName, expectedBytes, signal, onProgress } = parameters;
  const stop = watch(async () => {
    const { rows } = await sql<{ bytes: number }>`
      select pg_database_size(current_database()) as bytes
    `.execute(database.kysely);
    const done = rows[0]?.bytes ?? 0;
    const total = expectedBytes === undefined ? {} : { total: Math.max(expectedBytes, done) };
    onProgress?.({ done, unit: 'bytes', ...total });
  });
  try {
    await runHostScript(database, {
      run,
      script: `${feedDump}${loadRanges}${fillScript}`,
      args: [
        backup.form,
        backup.archive,
        String(jobs),
        parameters.definitionsOnly === true ? 'definitions' : 'all',
        await knownSettings(database),
        dumpReader,
        ...libpqArguments(database, applicationName, sessionSettings(parameters)),
      ],
      code: 'db.restore-failed',
      failure: 'The backup could not be restored into the new database.',
      facts: { backup: backup.path },
      next: remedy,
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    stop();
  }
  signal?.throwIfAborted();
  if (parameters.definitionsOnly === true) return;
  await sql`analyze`.execute(database.kysely);
}
