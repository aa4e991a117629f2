import { sql } from 'kysely';
import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { openSession } from '../connectDatabase.ts';
import { sqlState } from '../describeDatabaseError.ts';
import { holderLine, listHolders } from './listHolders.ts';
import { readVacuumProgress, type VacuumProgress } from './readVacuumProgress.ts';

export interface VacuumTableParameters {
  readonly schema: string;
  readonly name: string;
  /** Of this work alone: an orphan of a killed run is found and ended by it. At most 63 bytes. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VacuumProgress) => void;
}

/** Of a table that others have locked: nothing was done to it, and other tables are not concerned. */
export class TableLocked extends TvError {
  /** Who has it, in words. */
  readonly holders: string;
  constructor(table: string, holders: string, cause: unknown) {
    super('db.table-locked', `The table ${table} is locked by another session.`, {
      facts: { 'locked by': holders },
      next: { tv: ['db', 'slow-queries'] },
      cause,
    });
    this.holders = holders;
  }
}

/** A session that holds a table longer than this is reported instead of waited for. */
const lockTimeout = '30s';
/** SQLSTATE lock_not_available. */
const lockNotAvailable = '55P03';
/** Between two reads of the progress, in milliseconds. */
const lookEveryMs = 500;

/**
 * VACUUM (ANALYZE) of one table, in a session of its own and without a time limit; another
 * connection reads its progress. The signal cancels it on the server: what was cleaned until then stays.
 * @throws TableLocked where others have the table for more than 30 s
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
    if (signal?.aborted === true) throw signal.reason;
    if (sqlState(error) !== lockNotAvailable) throw error;
    const holders = await listHolders(database, { schema, name });
    throw new TableLocked(
      `${schema}.${name}`,
      holders.map(holderLine).join('; ') || 'a session that is gone by now',
      error,
    );
  } finally {
    clearInterval(watch);
    await cancelling;
    await session.close();
  }
}

/** Never two reads at once; a failed one does not count. */
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
