import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

/** Every table whose rows pg_dump writes: not those of the catalogue, of extensions, or of one session. */
export async function listDataTables(
  database: Database['kysely'],
): Promise<readonly { readonly schema: string; readonly name: string }[]> {
  const { rows } = await sql<{ schema: string; name: string }>`
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and n.nspname <> 'information_schema'
      and n.nspname !~ '^pg_'
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )
    order by 1, 2
  `.execute(database);
  return rows;
}
