import type { Database } from '../runbook/context.ts';
import { allTables, type EventSchema } from './eventSchema.ts';
import { currentDatabase, ownPid } from './expressions.ts';

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
  kysely: Database['kysely'],
  parameters: { readonly schema: EventSchema },
): Promise<readonly TableLock[]> {
  const wanted = allTables(parameters.schema);
  return kysely
    .selectFrom('pg_catalog.pg_locks as l')
    .innerJoin('pg_catalog.pg_class as c', 'c.oid', 'l.relation')
    .innerJoin('pg_catalog.pg_namespace as n', 'n.oid', 'c.relnamespace')
    .innerJoin('pg_catalog.pg_database as d', 'd.oid', 'l.database')
    .select(['l.pid', 'c.relname as table', 'l.mode'])
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('n.nspname', 'c.relname'),
        'in',
        wanted.map(({ schema, name }) => tuple(schema, name)),
      ),
    )
    .where('l.locktype', '=', 'relation')
    .where('d.datname', '=', currentDatabase)
    .where('l.granted', '=', true)
    .where('l.pid', '<>', ownPid)
    .orderBy(({ eb }) => eb('l.mode', '=', 'AccessShareLock'))
    .orderBy('l.pid')
    .orderBy('c.relname')
    .$narrowType<{ pid: number }>()
    .execute();
}
