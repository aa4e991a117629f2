import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import type { DatabaseProperties } from './readDatabaseProperties.ts';

/** Settings whose value is a list of names, stored with quotes around those that need them. */
const listSettings = [
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
];

/**
 * Makes an empty database that is in everything like another one: owner, encoding, locale, settings,
 * grants. Only its name differs.
 */
export async function createDatabase(
  maintenance: Database,
  parameters: { readonly name: string; readonly like: DatabaseProperties },
): Promise<void> {
  const { name, like } = parameters;
  const run = (statement: RawBuilder<unknown>) => statement.execute(maintenance.kysely);
  // Naming the default one wants a right that an ordinary role has not.
  const tablespace = like.tablespace === 'pg_default' ? sql`` : sql`tablespace ${sql.id(like.tablespace)}`;
  await run(sql`
    create database ${sql.id(name)} with owner ${sql.id(like.owner)} template template0
      encoding ${sql.lit(like.encoding)} lc_collate ${sql.lit(like.collate)} lc_ctype ${sql.lit(like.ctype)} ${localeProvider(like)}
      ${tablespace} connection limit ${sql.lit(like.connectionLimit)}`);
  for (const { role, name: setting, value } of like.settings) {
    const of =
      role === null
        ? sql`alter database ${sql.id(name)}`
        : sql`alter role ${sql.id(role)} in database ${sql.id(name)}`;
    // The name of an extension's setting has a dot in it.
    await run(sql`${of} set ${sql.id(...setting.split('.'))} to ${settingValue(setting, value)}`);
  }
  if (like.grants !== null) {
    await run(sql`revoke all on database ${sql.id(name)} from public`);
    for (const { grantee, privilege, grantable } of like.grants) {
      const to = grantee === null ? sql`public` : sql.id(grantee);
      const option = grantable ? sql` with grant option` : sql``;
      await run(sql`grant ${sql.raw(privilege)} on database ${sql.id(name)} to ${to}${option}`);
    }
  }
  if (like.comment !== null) {
    await run(sql`comment on database ${sql.id(name)} is ${sql.lit(like.comment)}`);
  }
}

/** Named in every case: the template's own may be another one. Before PostgreSQL 15 there was only libc. */
function localeProvider({ provider, icuLocale }: DatabaseProperties): RawBuilder<unknown> {
  if (provider === null) return sql``;
  if (provider === 'i') return sql`locale_provider icu icu_locale ${sql.lit(icuLocale)}`;
  if (provider === 'b') return sql`locale_provider builtin builtin_locale ${sql.lit(icuLocale)}`;
  return sql`locale_provider libc`;
}

function settingValue(name: string, value: string): RawBuilder<unknown> {
  if (!listSettings.includes(name)) return sql.lit(value);
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  );
  return names.length === 0 ? sql.lit('') : sql.join(names.map((one) => sql.lit(one)));
}
