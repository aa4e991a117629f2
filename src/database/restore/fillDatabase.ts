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
  readonly applicationName: string;
  /** What the database will about have, for the progress. */
  readonly expectedBytes: number | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Building indexes takes most of a restore; with this they are sorted in memory. Freed when done. */
const sessionSettings =
  '-c maintenance_work_mem=256MB -c synchronous_commit=off -c client_min_messages=warning';

const scripts = {
  archive: 'exec pg_restore --exit-on-error -j "$jobs" "$@" -- "$archive"',
  sql: 'exec psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f - < "$archive"',
  // Where gzip fails psql keeps what it has got: with pipefail the whole fails, and the caller drops it.
  'sql.gz': 'gzip -dc -- "$archive" | psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f -',
} as const;

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
      args: [sessionSettings, backup.archive, String(jobs), ...libpqArguments(database, applicationName)],
      failure: 'The backup could not be restored into the new database.',
      facts: { backup: backup.path },
      next: 'an extension wants a superuser: set database.adminUrl, then try again',
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    stop();
  }
  signal?.throwIfAborted();
  await sql`analyze`.execute(database.kysely);
}
