import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { anyName } from '../expressions.ts';

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
  const { names } = parameters;
  const rows = await admin.kysely
    .selectFrom('pg_catalog.pg_file_settings')
    .select(['name', 'setting'])
    .where('name', '=', anyName(names))
    .where('sourcefile', '=', sql<string>`current_setting('data_directory') || '/postgresql.auto.conf'`)
    .orderBy('seqno')
    .$narrowType<{ name: string }>()
    .execute();
  // A setting may occur twice: the last one counts.
  const found = new Map(rows.map(({ name, setting }) => [name, setting]));
  return Object.fromEntries(names.map((name) => [name, found.get(name) ?? null]));
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
