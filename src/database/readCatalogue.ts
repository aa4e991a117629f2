import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

export interface CatalogueColumn {
  readonly name: string;
  readonly type: string;
}

export interface CatalogueKey {
  readonly columns: readonly string[];
  readonly table: string;
  readonly referencedColumns: readonly string[];
}

export interface CatalogueTable {
  /** `schema.name`, as foreign keys refer to it. */
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  /** Reached by its bare name through the search path, as the indexer reaches it. */
  readonly visible: boolean;
  readonly columns: readonly CatalogueColumn[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly CatalogueKey[];
}

/** Ordinary and partitioned tables of this database with columns and keys, in one round trip. */
export async function readCatalogue(database: Database): Promise<readonly CatalogueTable[]> {
  const names = (numbers: string, relation: string) => sql`(
    select coalesce(json_agg(a.attname order by k.position), '[]')
    from unnest(${sql.ref(numbers)}) with ordinality as k (number, position)
    join pg_catalog.pg_attribute a on a.attrelid = ${sql.ref(relation)} and a.attnum = k.number
  )`;
  const { rows } = await sql<CatalogueTable>`
    select
      n.nspname || '.' || c.relname as id,
      n.nspname as schema,
      c.relname as name,
      pg_catalog.pg_table_is_visible(c.oid) as visible,
      coalesce((
        select json_agg(json_build_object(
          'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod)
        ) order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ), '[]') as columns,
      coalesce((
        select ${names('p.conkey', 'p.conrelid')}
        from pg_catalog.pg_constraint p where p.conrelid = c.oid and p.contype = 'p'
      ), '[]') as "primaryKey",
      coalesce((
        select json_agg(json_build_object(
          'columns', ${names('f.conkey', 'f.conrelid')},
          'table', rn.nspname || '.' || r.relname,
          'referencedColumns', ${names('f.confkey', 'f.confrelid')}
        ) order by f.conname)
        from pg_catalog.pg_constraint f
        join pg_catalog.pg_class r on r.oid = f.confrelid
        join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
        where f.conrelid = c.oid and f.contype = 'f' and f.conparentid = 0
      ), '[]') as "foreignKeys"
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relpersistence <> 't'
      and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname !~ '^pg_'
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )
    order by n.nspname, c.relname
  `.execute(database.kysely);
  return rows;
}
