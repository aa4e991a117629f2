import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type MaintenanceRights = {
  readonly user: string;
  readonly isSuperuser: boolean;
  readonly mayCreateDatabases: boolean;
  /** Member of the owner's role, so that it may hand a new database to it. */
  readonly mayActAsOwner: boolean;
  /** Of the server; null where it may not see it. */
  readonly dataDirectory: string | null;
};

/** What the role behind a connection may do with databases as a whole. */
export async function readRights(
  maintenance: Database,
  parameters: { readonly owner: string },
): Promise<MaintenanceRights> {
  const { rows } = await sql<MaintenanceRights>`
    select rolname as "user", rolsuper as "isSuperuser", rolcreatedb or rolsuper as "mayCreateDatabases",
      pg_has_role(current_user, ${parameters.owner}, 'MEMBER') as "mayActAsOwner",
      case when pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
        then current_setting('data_directory') end as "dataDirectory"
    from pg_catalog.pg_roles where rolname = current_user
  `.execute(maintenance.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('the role of this session is not in pg_roles');
  return row;
}
