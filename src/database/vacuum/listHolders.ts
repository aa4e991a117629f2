import type { Database } from '../../runbook/context.ts';
import { currentDatabase, ownPid } from '../expressions.ts';

export type LockHolder = { readonly pid: number; readonly user: string; readonly application: string };

/** Sessions that have a table locked against VACUUM: in SHARE UPDATE EXCLUSIVE, or more than that. */
export async function listHolders(
  database: Database,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<readonly LockHolder[]> {
  return database.kysely
    .selectFrom('pg_catalog.pg_locks as l')
    .innerJoin('pg_catalog.pg_class as c', 'c.oid', 'l.relation')
    .innerJoin('pg_catalog.pg_namespace as n', 'n.oid', 'c.relnamespace')
    .innerJoin('pg_catalog.pg_database as d', 'd.oid', 'l.database')
    .leftJoin('pg_catalog.pg_stat_activity as a', 'a.pid', 'l.pid')
    .select(({ fn, val }) => [
      'l.pid',
      fn.coalesce('a.usename', val('?')).as('user'),
      fn.coalesce('a.application_name', val('')).as('application'),
    ])
    .distinct()
    .where('d.datname', '=', currentDatabase)
    .where('n.nspname', '=', schema)
    .where('c.relname', '=', name)
    .where('l.granted', '=', true)
    .where('l.pid', '<>', ownPid)
    .where('l.mode', 'not in', ['AccessShareLock', 'RowShareLock', 'RowExclusiveLock'])
    .orderBy('l.pid')
    .$narrowType<{ pid: number }>()
    .execute();
}

/** `pid 812, tempovault, psql`. */
export function holderLine({ pid, user, application }: LockHolder): string {
  return `pid ${pid}, ${user}${application === '' ? '' : `, ${application}`}`;
}
