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
  const row = await maintenance.kysely
    .selectFrom('pg_catalog.pg_roles')
    .select([
      'rolname as user',
      'rolsuper as isSuperuser',
      sql<boolean>`rolcreatedb or rolsuper`.as('mayCreateDatabases'),
      sql<boolean>`pg_has_role(current_user, ${parameters.owner}, 'MEMBER')`.as('mayActAsOwner'),
      sql<string | null>`
        case when pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
          then current_setting('data_directory') end`.as('dataDirectory'),
    ])
    .where('rolname', '=', sql<string>`current_user`)
    .executeTakeFirst();
  if (row === undefined) throw new Error('the role of this session is not in pg_roles');
  return row;
}
