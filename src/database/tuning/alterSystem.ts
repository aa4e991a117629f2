import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

/** Settings that `ALTER SYSTEM` has set, by name; `null` for one that it has not. */
export type SystemSettings = Readonly<Record<string, string | null>>;

/**
 * What `postgresql.auto.conf` says of these settings: the state that ALTER SYSTEM changes.
 * Needs a role that may read `pg_file_settings`.
 */
export async function readSystemSettings(
  admin: Database,
  parameters: { readonly names: readonly string[] },
): Promise<SystemSettings> {
  const { rows } = await sql<{ name: string; value: string | null }>`
    select wanted.name, (
      -- A setting that stands there twice: the last one counts.
      select f.setting from pg_catalog.pg_file_settings f
      where f.name = wanted.name
        and f.sourcefile = current_setting('data_directory') || '/postgresql.auto.conf'
      order by f.seqno desc limit 1
    ) as value
    from unnest(${[...parameters.names]}::text[]) as wanted (name)
  `.execute(admin.kysely);
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** Brings `postgresql.auto.conf` to these values, `null` taking a setting out, and has the server read it. */
export async function alterSystem(
  admin: Database,
  parameters: { readonly settings: SystemSettings },
): Promise<void> {
  // No transaction: ALTER SYSTEM refuses to be in one.
  for (const [name, value] of Object.entries(parameters.settings)) {
    await (value === null
      ? sql`alter system reset ${sql.id(name)}`
      : sql`alter system set ${sql.id(name)} = ${sql.lit(value)}`
    ).execute(admin.kysely);
  }
  await sql`select pg_reload_conf()`.execute(admin.kysely);
}
