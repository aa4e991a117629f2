import { sql } from 'kysely';
import type { Database, Host, Progress } from '../../runbook/context.ts';
import type { Backup } from '../backup/listBackups.ts';
import { libpqArguments } from '../connectDatabase.ts';
import { runHostScript } from '../hostScript.ts';
import { watch } from '../watchSize.ts';

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

const scripts = {
  archive: 'exec pg_restore --exit-on-error -j "$jobs" "$@" -- "$archive"',
  sql: 'exec psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f - < "$archive"',
  // Where gzip fails psql keeps what it has got: with pipefail the whole fails, and the caller drops it.
  'sql.gz': 'gzip -dc -- "$archive" | psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f -',
} as const;

/** What a server says to a role that may not. */
export const lacksRight = /permission denied|must be (superuser|owner)/i;
/** On a full disk a new session is refused in the second words, which leave the reason out. */
export const diskFull = /no space left|could not write init file/i;

function remedy(said: string): string {
  if (lacksRight.test(said)) return 'an extension wants a superuser: set database.adminUrl, then try again';
  if (diskFull.test(said)) return 'make room where the server keeps its data, then try again: df -h';
  return 'systemctl status postgresql';
}

/**
 * Restores a backup into an empty database and gathers the planner's statistics, which no dump holds.
 * @param database the empty one, opened as a role that may make all that is in the backup
 * @throws TvError where any part fails; the database is then useless
 */
export async function fillDatabase(database: Database, parameters: FillDatabaseParameters): Promise<void> {
  const { run, backup, jobs, applicationName, expectedBytes, signal, onProgress } = parameters;
  const kind = backup.form === 'sql' || backup.form === 'sql.gz' ? backup.form : 'archive';
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
      script: `export PGOPTIONS="$1" archive=$2 jobs=$3; shift 3\n${scripts[kind]}`,
      args: [
        sessionSettings(parameters),
        backup.archive,
        String(jobs),
        ...libpqArguments(database, applicationName),
      ],
      failure: 'The backup could not be restored into the new database.',
      facts: { backup: backup.path },
      next: remedy,
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    stop();
  }
  signal?.throwIfAborted();
  await sql`analyze`.execute(database.kysely);
}
