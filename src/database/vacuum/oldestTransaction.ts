import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type OpenSince = {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly seconds: number;
};

/** The session of this database whose snapshot is oldest: VACUUM frees nothing that it may still see. */
export async function oldestTransaction(database: Database): Promise<OpenSince | undefined> {
  const { rows } = await sql<OpenSince>`
    select pid, coalesce(usename::text, '') as "user", application_name as application,
      extract(epoch from clock_timestamp() - xact_start)::float8 as seconds
    from pg_catalog.pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and xact_start is not null and (backend_xmin is not null or backend_xid is not null)
    order by xact_start
    limit 1
  `.execute(database.kysely);
  return rows[0];
}
