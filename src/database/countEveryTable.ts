import { sql } from 'kysely';
import type { OpenTransaction } from './inSnapshot.ts';

/** Rows of each table whose data pg_dump writes, by `schema.table`. */
export async function countEveryTable(
  transaction: OpenTransaction,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, number>>> {
  const { rows: tables } = await sql<{ schema: string; name: string }>`
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
  `.execute(transaction);
  const counts: Record<string, number> = {};
  for (const { schema, name } of tables) {
    signal?.throwIfAborted();
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from ${sql.id(schema, name)}
    `.execute(transaction);
    counts[`${schema}.${name}`] = rows[0]?.count ?? 0;
  }
  return counts;
}
