import { type QueryExecutorProvider, sql } from 'kysely';
import { allTables, type EventSchema } from './eventSchema.ts';

export interface OwnedSequence {
  readonly schema: string;
  readonly name: string;
  /** The table whose column draws from it. */
  readonly table: string;
}

/** The sequences behind `serial` and identity columns of the event tables and the cursor. */
export async function listSequences(
  executor: QueryExecutorProvider,
  parameters: { readonly schema: EventSchema },
): Promise<readonly OwnedSequence[]> {
  const tables = JSON.stringify(allTables(parameters.schema).map(({ schema, name }) => ({ schema, name })));
  const { rows } = await sql<OwnedSequence>`
    select sn.nspname as schema, s.relname as name, t.relname as table
    from json_to_recordset(${tables}::json) as wanted (schema text, name text)
    join pg_catalog.pg_namespace tn on tn.nspname = wanted.schema
    join pg_catalog.pg_class t on t.relnamespace = tn.oid and t.relname = wanted.name
    join pg_catalog.pg_depend d
      on d.refobjid = t.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
    join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
    join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
    order by 1, 2
  `.execute(executor);
  return rows;
}
