import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type LockHolder = { readonly pid: number; readonly user: string; readonly application: string };

/** Sessions that have a table locked against VACUUM: in SHARE UPDATE EXCLUSIVE, or more than that. */
export async function listHolders(
  database: Database,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<readonly LockHolder[]> {
  const { rows } = await sql<LockHolder>`
    select distinct l.pid, coalesce(a.usename::text, '?') as "user", coalesce(a.application_name, '') as application
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_database d on d.oid = l.database and d.datname = current_database()
    left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where n.nspname = ${schema} and c.relname = ${name}
      and l.granted and l.pid <> pg_backend_pid()
      and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
    order by 1
  `.execute(database.kysely);
  return rows;
}

/** `pid 812, tempovault, psql`. */
export function holderLine({ pid, user, application }: LockHolder): string {
  return `pid ${pid}, ${user}${application === '' ? '' : `, ${application}`}`;
}
