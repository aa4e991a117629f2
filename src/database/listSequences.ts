import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { allTables, type EventSchema } from './eventSchema.ts';

export interface OwnedSequence {
  readonly schema: string;
  readonly name: string;
  /** The table whose column draws from it. */
  readonly table: string;
}

/** The sequences behind `serial` and identity columns of the event tables and the cursor. */
export async function listSequences(
  kysely: Database['kysely'],
  parameters: { readonly schema: EventSchema },
): Promise<readonly OwnedSequence[]> {
  const wanted = allTables(parameters.schema);
  const pgClass = sql<number>`'pg_catalog.pg_class'::regclass`;
  return kysely
    .selectFrom('pg_catalog.pg_depend as d')
    .innerJoin('pg_catalog.pg_class as t', 't.oid', 'd.refobjid')
    .innerJoin('pg_catalog.pg_namespace as tn', 'tn.oid', 't.relnamespace')
    .innerJoin('pg_catalog.pg_class as s', 's.oid', 'd.objid')
    .innerJoin('pg_catalog.pg_namespace as sn', 'sn.oid', 's.relnamespace')
    .select(['sn.nspname as schema', 's.relname as name', 't.relname as table'])
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('tn.nspname', 't.relname'),
        'in',
        wanted.map(({ schema, name }) => tuple(schema, name)),
      ),
    )
    .where('d.refclassid', '=', pgClass)
    .where('d.classid', '=', pgClass)
    .where('d.deptype', 'in', ['a', 'i'])
    .where('s.relkind', '=', 'S')
    .orderBy('schema')
    .orderBy('name')
    .execute();
}
