import { type QueryExecutorProvider, sql } from 'kysely';
import { allTables, type EventSchema } from './eventSchema.ts';

export interface TableLock {
  readonly pid: number;
  readonly table: string;
  /** As `pg_locks` names it: `RowExclusiveLock`. */
  readonly mode: string;
}

/** True of a lock that a plain SELECT takes. */
export function onlyReads(lock: Pick<TableLock, 'mode'>): boolean {
  return lock.mode === 'AccessShareLock';
}

/** Locks that other sessions hold on the event tables and the cursor now; those that only read are last. */
export async function readTableLocks(
  executor: QueryExecutorProvider,
  parameters: { readonly schema: EventSchema },
): Promise<readonly TableLock[]> {
  const tables = JSON.stringify(allTables(parameters.schema).map(({ schema, name }) => ({ schema, name })));
  const { rows } = await sql<TableLock>`
    select l.pid, c.relname as table, l.mode
    from json_to_recordset(${tables}::json) as wanted (schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = wanted.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    join pg_catalog.pg_locks l on l.relation = c.oid and l.locktype = 'relation'
    join pg_catalog.pg_database d on d.oid = l.database and d.datname = current_database()
    where l.granted and l.pid <> pg_backend_pid()
    order by l.mode = 'AccessShareLock', l.pid, c.relname
  `.execute(executor);
  return rows;
}
