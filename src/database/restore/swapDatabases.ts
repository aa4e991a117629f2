import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { sqlState } from '../describeDatabaseError.ts';
import { clearSessions } from './clearSessions.ts';

export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface SwapDatabasesParameters {
  /** Done in this order, all or none. */
  readonly renames: readonly Rename[];
  /** End the sessions of others, too. */
  readonly endSessions: boolean;
  readonly signal?: AbortSignal;
}

/** SQLSTATE object_in_use: a client connected in between. */
const inUse = '55006';
/** Sessions of a client that reconnects are terminated until this limit, in milliseconds; then it fails. */
const limitMs = 20_000;

/**
 * Renames databases in one transaction, so that at no moment a name is missing, whoever is killed.
 * PostgreSQL does not rename a database with connected sessions.
 * @param maintenance connected to another database
 * @throws TvError that lists the blocking sessions; nothing is renamed then
 */
export async function swapDatabases(
  maintenance: Database,
  { renames, endSessions, signal }: SwapDatabasesParameters,
): Promise<void> {
  const names = renames.map(({ from }) => from);
  const deadline = performance.now() + limitMs;
  const abortable = signal === undefined ? {} : { signal };
  for (;;) {
    await clearSessions(maintenance, { names, endSessions, ...abortable });
    try {
      await maintenance.kysely.transaction().execute(async (transaction) => {
        for (const { from, to } of renames) {
          await sql`alter database ${sql.id(from)} rename to ${sql.id(to)}`.execute(transaction);
        }
      });
      return;
    } catch (error) {
      if (sqlState(error) !== inUse || performance.now() > deadline) throw error;
    }
    await sleep(100, signal);
  }
}
