import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { sqlState } from '../describeDatabaseError.ts';
import { clearSessions } from './clearSessions.ts';
import { isAnother } from './dropDatabase.ts';
import { databaseOids } from './listDatabases.ts';

export interface Rename {
  readonly from: string;
  readonly to: string;
  /** Which database that has to be; undefined where nothing says so. */
  readonly oid?: number | undefined;
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
 * @throws TvError that lists the blocking sessions, or where a name leads to another database than it has to;
 *   nothing is renamed then
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
        await renameAll({ ...maintenance, kysely: transaction }, renames);
      });
      return;
    } catch (error) {
      if (sqlState(error) !== inUse || performance.now() > deadline) throw error;
    }
    await sleep(100, signal);
  }
}

/**
 * Renames in a transaction, which the caller rolls back where this throws. A renamed row is locked, so that each
 * database can be compared with the planned one.
 */
export async function renameAll(transaction: Database, renames: readonly Rename[]): Promise<void> {
  for (const { from, to, oid } of renames) {
    await sql`alter database ${sql.id(from)} rename to ${sql.id(to)}`.execute(transaction.kysely);
    if (oid === undefined) continue;
    const found = (await databaseOids(transaction, { names: [to] })).get(to);
    if (found !== oid) throw isAnother(from);
  }
}
