import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

/** Every table whose rows pg_dump writes: not those of the catalogue, of extensions, or of one session. */
export async function listDataTables(
  database: Database['kysely'],
): Promise<readonly { readonly schema: string; readonly name: string }[]> {
  return database
    .selectFrom('pg_catalog.pg_class as c')
    .innerJoin('pg_catalog.pg_namespace as n', 'n.oid', 'c.relnamespace')
    .select(['n.nspname as schema', 'c.relname as name'])
    .where('c.relkind', '=', 'r')
    .where('c.relpersistence', '<>', 't')
    .where('n.nspname', '<>', 'information_schema')
    .where('n.nspname', '!~', '^pg_')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('pg_catalog.pg_depend as d')
            .select('d.objid')
            .where('d.classid', '=', sql<number>`'pg_catalog.pg_class'::regclass`)
            .whereRef('d.objid', '=', 'c.oid')
            .where('d.deptype', '=', 'e'),
        ),
      ),
    )
    .orderBy('schema')
    .orderBy('name')
    .execute();
}
