import { sql } from 'kysely';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import type { EventSchema } from './eventSchema.ts';
import { isClient, isHidden } from './expressions.ts';
import { readEventSchema } from './readEventSchema.ts';
import { type IndexProgress, readProgress } from './readProgress.ts';

export type DatabaseStatus = {
  /** How long it took to answer, in milliseconds. */
  readonly durationMs: number;
  readonly version: string;
  readonly sizeBytes: number;
  readonly connections: { readonly used: number; readonly max: number };
  /** Sessions of this database, of other roles, of which this role may not see what they do. */
  readonly hiddenSessions: number;
  /** Age of the oldest open transaction of the sessions that this role may see, in seconds; null where none is open. */
  readonly oldestTransactionSeconds: number | null;
  readonly schema: EventSchema | null;
  readonly progress: IndexProgress | null;
  /** Why schema or progress are not known, in words. */
  readonly problem: string | null;
};

interface Row {
  readonly version: string;
  readonly sizeBytes: number;
  readonly used: number;
  readonly max: number;
  readonly hidden: number;
  readonly oldest: number | null;
}

/** What `tv status` shows of the database. A database without event tables still has a status. */
export async function readStatus(database: Database): Promise<DatabaseStatus> {
  const start = performance.now();
  const [{ rows }, events] = await Promise.all([
    sql<Row>`
      select
        split_part(current_setting('server_version'), ' ', 1) as version,
        pg_database_size(current_database()) as "sizeBytes",
        (select count(*) from pg_catalog.pg_stat_activity where ${isClient}) as used,
        (select count(*) from pg_catalog.pg_stat_activity
          where datname = current_database() and ${isClient} and ${isHidden}) as hidden,
        current_setting('max_connections')::int as max,
        (select extract(epoch from max(now() - xact_start))::float8
          from pg_catalog.pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()
            and ${isClient}) as oldest
    `.execute(database.kysely),
    readEventsPart(database),
  ]);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return {
    durationMs: Math.round(performance.now() - start),
    version: row.version,
    sizeBytes: row.sizeBytes,
    connections: { used: row.used, max: row.max },
    hiddenSessions: row.hidden,
    oldestTransactionSeconds: row.oldest,
    ...events,
  };
}

async function readEventsPart(
  database: Database,
): Promise<Pick<DatabaseStatus, 'schema' | 'progress' | 'problem'>> {
  try {
    const schema = await readEventSchema(database);
    return { schema, progress: await readProgress(database, { schema }), problem: null };
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return { schema: null, progress: null, problem: error.message };
  }
}
