import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type TuneRights = {
  readonly user: string;
  /** May read `pg_file_settings`, and so find what ALTER SYSTEM has set before. */
  readonly mayReadFiles: boolean;
  readonly mayReload: boolean;
  /** Settings that the role may not set by ALTER SYSTEM. */
  readonly forbidden: readonly string[];
  /** PostgreSQL 17 can switch ALTER SYSTEM off as a whole (`allow_alter_system`). */
  readonly switchedOff: boolean;
};

/** What the role may do of ALTER SYSTEM: a superuser all, others (from 15 on) what was granted setting by setting. */
export async function checkTuneRights(
  admin: Database,
  parameters: { readonly names: readonly string[] },
): Promise<TuneRights> {
  const { rows } = await sql<Omit<TuneRights, 'forbidden'> & { super: boolean; version: number }>`
    select
      current_user::text as "user",
      current_setting('is_superuser') = 'on' as super,
      current_setting('server_version_num')::int as version,
      has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
        and has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
        and pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') as "mayReadFiles",
      has_function_privilege('pg_catalog.pg_reload_conf()', 'EXECUTE') as "mayReload",
      coalesce(current_setting('allow_alter_system', true), 'on') = 'off' as "switchedOff"
  `.execute(admin.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  const { super: isSuperuser, version, ...rights } = row;
  const { names } = parameters;
  if (isSuperuser) return { ...rights, forbidden: [] };
  if (version < 150_000) return { ...rights, forbidden: names };
  const { rows: forbidden } = await sql<{ name: string }>`
    select name from unnest(${[...names]}::text[]) as wanted (name)
    where not has_parameter_privilege(name, 'ALTER SYSTEM')
  `.execute(admin.kysely);
  return { ...rights, forbidden: forbidden.map(({ name }) => name) };
}
