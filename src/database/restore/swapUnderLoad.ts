import { type Kysely, sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import type { Relations } from '../../runbook/relations.ts';
import { sleep } from '../../runbook/sleep.ts';
import { lockHolderOf, ownLockPids } from '../acquireRunLock.ts';
import { sqlState } from '../describeDatabaseError.ts';
import { inTheWay, lockedBy } from './clearSessions.ts';
import { databaseOids } from './listDatabases.ts';
import { type Rename, renameAll, swapDatabases } from './swapDatabases.ts';

/** A session without a statement for so long is between two requests, in milliseconds. */
const restMs = 50;
/** One that is at work when the swap begins may come to rest within this time, in milliseconds. */
const graceMs = 1_000;
/** All sessions are gone within this time, in milliseconds; otherwise nothing is renamed. */
const limitMs = 10_000;
/**
 * A client that was half connected when the lock was taken waits for it, and the renaming for the client: after this
 * time, in milliseconds, the lock is released and all begins again.
 */
const renameMs = '300';
const retryMs = 20;
/** SQLSTATE object_in_use, lock_not_available, query_canceled, deadlock_detected. */
const connecting = ['55006', '55P03', '57014', '40P01'];
/** SQLSTATE insufficient_privilege. */
const forbidden = '42501';

export interface SwapUnderLoadParameters {
  readonly renames: readonly Rename[];
  readonly signal: AbortSignal;
  /** Called while the catalogue is locked and nothing has changed, so that a test can kill tv there. */
  readonly onLocked?: () => void;
}

/**
 * Renames databases in one transaction while clients go on using them. Whoever connects meanwhile waits before its
 * name is looked up, and so reaches the database that has the name afterwards; sessions that are connected are
 * ended as soon as they rest. A client with a pool connects again and notices nothing.
 *
 * That wait takes a lock on the catalogue of databases, which only a superuser may have. Another role ends the
 * sessions and renames; a client that connects in these milliseconds fails once.
 * @param maintenance connected to another database
 * @throws TvError where sessions stay; nothing is renamed then
 */
export async function swapUnderLoad(
  maintenance: Database,
  { renames, signal, onLocked }: SwapUnderLoadParameters,
): Promise<void> {
  const names = renames.map(({ from }) => from);
  const oids = [...(await databaseOids(maintenance, { names })).values()];
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      await maintenance.kysely.transaction().execute(async (transaction) => {
        await sql`set local lock_timeout to '5s'`.execute(transaction);
        await sql`lock table pg_catalog.pg_database in access exclusive mode`.execute(transaction);
        onLocked?.();
        await endSessionsOf(transaction, { oids, signal });
        await sql`select set_config('lock_timeout', ${renameMs}, true), set_config('statement_timeout', ${renameMs}, true)`.execute(
          transaction,
        );
        await renameAll({ ...maintenance, kysely: transaction }, renames);
      });
      return;
    } catch (error) {
      const state = sqlState(error);
      if (state === forbidden) {
        return swapDatabases(maintenance, { renames, endSessions: true, signal });
      }
      if (state === undefined || !connecting.includes(state) || performance.now() > deadline) throw error;
    }
    // It connects now, and is found among the sessions then.
    await sleep(retryMs, signal);
  }
}

/** By functions that do not look up the names of databases: those are locked. */
async function endSessionsOf(
  transaction: Kysely<Relations>,
  { oids, signal }: { readonly oids: readonly number[]; readonly signal: AbortSignal },
): Promise<void> {
  const start = performance.now();
  for (;;) {
    signal.throwIfAborted();
    // Within a transaction the server shows the sessions of its first look otherwise.
    await sql`select pg_stat_clear_snapshot()`.execute(transaction);
    const { rows } = await sql<{
      pid: number;
      state: string | null;
      application: string;
      rests: boolean | null;
    }>`
      select pid, state, application_name as application,
        state = 'idle' and clock_timestamp() - state_change > ${restMs} * interval '1 millisecond' as rests
      from pg_catalog.pg_stat_get_activity(null)
      where datid = any (${[...oids]}::oid[]) and coalesce(backend_type, 'client backend') = 'client backend'
    `.execute(transaction);
    if (rows.length === 0) return;
    const locks = rows.filter(
      ({ pid, application }) => lockHolderOf(application) !== undefined && !ownLockPids().includes(pid),
    );
    if (locks.length > 0) {
      throw lockedBy(locks.map(({ pid, application }) => ({ pid, application, client: '?' })));
    }
    const elapsed = performance.now() - start;
    if (elapsed > limitMs) {
      throw inTheWay(
        rows.map(({ pid, state, application }) => ({
          ...{ pid, application, user: '?', client: '?', state: state ?? '?' },
        })),
      );
    }
    const ending = rows.filter(({ rests }) => rests === true || elapsed > graceMs).map(({ pid }) => pid);
    if (ending.length > 0) {
      await sql`select pg_terminate_backend(pid) from unnest(${ending}::int[]) as pid`.execute(transaction);
    }
    await sleep(5, signal);
  }
}
