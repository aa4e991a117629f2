import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

/** What belongs to a database as a whole and is not in a dump of it: it has to be carried over. */
export type DatabaseProperties = {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` for libc, `i` for ICU, `b` for the server's own (from 17 on); null before PostgreSQL 15. */
  readonly provider: string | null;
  /** Of ICU or the server's own. */
  readonly icuLocale: string | null;
  readonly tablespace: string;
  /** -1 for none. */
  readonly connectionLimit: number;
  readonly comment: string | null;
  /** `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`; null for every role. */
  readonly settings: readonly {
    readonly role: string | null;
    readonly name: string;
    readonly value: string;
  }[];
  /** Null where nothing was ever granted or revoked; a null grantee is PUBLIC. */
  readonly grants:
    | readonly { readonly grantee: string | null; readonly privilege: string; readonly grantable: boolean }[]
    | null;
};

type Row = Omit<DatabaseProperties, 'settings'> & {
  readonly settings: readonly { readonly role: string | null; readonly setting: string }[];
};

/** Reads them from any database of the server. Undefined where there is no database of that name. */
export async function readDatabaseProperties(
  maintenance: Database,
  parameters: { readonly name: string },
): Promise<DatabaseProperties | undefined> {
  // The ICU locale's column has changed its name between versions, and older ones have none.
  const { rows } = await sql<Row>`
    select
      d.datname as name,
      pg_get_userbyid(d.datdba) as owner,
      pg_encoding_to_char(d.encoding) as encoding,
      d.datcollate as collate,
      d.datctype as ctype,
      to_jsonb(d) ->> 'datlocprovider' as provider,
      coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as "icuLocale",
      t.spcname as tablespace,
      d.datconnlimit as "connectionLimit",
      shobj_description(d.oid, 'pg_database') as comment,
      coalesce((
        select json_agg(json_build_object('role', r.rolname, 'setting', one.setting)
          order by r.rolname nulls first, one.position)
        from pg_catalog.pg_db_role_setting s
        left join pg_catalog.pg_roles r on r.oid = s.setrole
        cross join unnest(s.setconfig) with ordinality as one (setting, position)
        where s.setdatabase = d.oid
      ), '[]') as settings,
      case when d.datacl is not null then coalesce((
        select json_agg(json_build_object(
          'grantee', r.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable
        ) order by r.rolname nulls first, a.privilege_type)
        from aclexplode(d.datacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
      ), '[]') end as grants
    from pg_catalog.pg_database d
    join pg_catalog.pg_tablespace t on t.oid = d.dattablespace
    where d.datname = ${parameters.name}
  `.execute(maintenance.kysely);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    ...row,
    settings: row.settings.map(({ role, setting }) => {
      const equals = setting.indexOf('=');
      return { role, name: setting.slice(0, equals), value: setting.slice(equals + 1) };
    }),
  };
}
