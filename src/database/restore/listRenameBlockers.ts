import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

/** What keeps a database from being renamed or dropped, and does not end with the services. */
export type RenameBlockers = {
  /** Of logical decoding; it belongs to the database: it moves with its name's owner, or is dropped. */
  readonly slots: readonly { readonly name: string; readonly plugin: string; readonly active: boolean }[];
  /** Two-phase transactions that are neither committed nor rolled back. */
  readonly prepared: readonly string[];
  /** WAL senders and background workers; those of autovacuum and of parallel queries end by themselves. */
  readonly workers: readonly { readonly pid: number; readonly type: string; readonly application: string }[];
  readonly subscriptions: readonly string[];
};

/**
 * ALTER DATABASE … RENAME and DROP DATABASE are refused while one of these is there
 * (CountOtherDBBackends, ReplicationSlotsCountDBSlots and CountDBSubscriptions in PostgreSQL).
 */
export async function listRenameBlockers(
  maintenance: Database,
  { name }: { readonly name: string },
): Promise<RenameBlockers> {
  const { rows } = await sql<RenameBlockers>`
    select
      coalesce((select json_agg(json_build_object('name', slot_name, 'plugin', plugin, 'active', active) order by 1)
        from pg_catalog.pg_replication_slots where slot_type = 'logical' and database = ${name}), '[]') as slots,
      array(select gid from pg_catalog.pg_prepared_xacts where database = ${name} order by 1) as prepared,
      coalesce((select json_agg(json_build_object('pid', pid, 'type', backend_type, 'application', application_name) order by pid)
        from pg_catalog.pg_stat_activity where datname = ${name}
          and backend_type not in ('client backend', 'autovacuum worker', 'parallel worker')), '[]') as workers,
      array(select subname::text from pg_catalog.pg_subscription s
        join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = ${name} order by 1) as subscriptions
  `.execute(maintenance.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return row;
}
