import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { currentDatabase, ownPid } from '../expressions.ts';

export type OpenSince = {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly seconds: number;
};

/** The session of this database whose snapshot is oldest: VACUUM frees nothing that it may still see. */
export async function oldestTransaction(database: Database): Promise<OpenSince | undefined> {
  return database.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(({ fn, val }) => [
      'pid',
      fn.coalesce('usename', val('')).as('user'),
      'application_name as application',
      sql<number>`extract(epoch from clock_timestamp() - xact_start)::float8`.as('seconds'),
    ])
    .where('datname', '=', currentDatabase)
    .where('pid', '<>', ownPid)
    .where('xact_start', 'is not', null)
    .where(({ or, eb }) => or([eb('backend_xmin', 'is not', null), eb('backend_xid', 'is not', null)]))
    .orderBy('xact_start')
    .limit(1)
    .executeTakeFirst();
}
