import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { openSession } from '../connectDatabase.ts';
import { readVacuumProgress, type VacuumProgress } from './readVacuumProgress.ts';

export interface VacuumTableParameters {
  readonly schema: string;
  readonly name: string;
  /** Of this work alone: an orphan of a killed run is found and ended by it. At most 63 bytes. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VacuumProgress) => void;
}

/** Whoever holds a table longer than this is told about, instead of being waited for. */
const lockTimeout = '30s';
/** Between two looks at the progress, in milliseconds. */
const lookEveryMs = 500;

/**
 * VACUUM (ANALYZE) of one table, in a session of its own and without a time limit; another
 * connection looks at how far it is. The signal cancels it on the server: what was cleaned by then stays.
 * @throws TvError where the table is locked by others for more than 30 s
 */
export async function vacuumTable(database: Database, parameters: VacuumTableParameters): Promise<void> {
  const { schema, name, applicationName, signal, onProgress } = parameters;
  const session = openSession(database, { applicationName, onLost: () => {} });
  let watch: NodeJS.Timeout | undefined;
  let cancelling: Promise<unknown> = Promise.resolve();
  try {
    signal?.throwIfAborted();
    const { rows } = await sql<{ pid: number }>`
      select pg_backend_pid() as pid,
        set_config('statement_timeout', '0', false), set_config('lock_timeout', ${lockTimeout}, false)
    `.execute(session.kysely);
    const pid = rows[0]?.pid ?? 0;
    const cancel = () => {
      cancelling = sql`select pg_cancel_backend(${pid}::int)`.execute(database.kysely).catch(() => {});
    };
    signal?.addEventListener('abort', cancel, { once: true });
    if (onProgress !== undefined) watch = setInterval(look(database, pid, onProgress), lookEveryMs);
    await sql`vacuum (analyze) ${sql.id(schema, name)}`.execute(session.kysely).finally(() => {
      signal?.removeEventListener('abort', cancel);
    });
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    clearInterval(watch);
    await cancelling;
    await session.close();
  }
}

/** Never two looks at once, and none that fails counts. */
function look(database: Database, pid: number, onProgress: (progress: VacuumProgress) => void): () => void {
  let looking = false;
  return () => {
    if (looking) return;
    looking = true;
    readVacuumProgress(database, { pid })
      .then((progress) => {
        if (progress !== undefined) onProgress(progress);
      })
      .catch(() => {})
      .finally(() => {
        looking = false;
      });
  };
}
