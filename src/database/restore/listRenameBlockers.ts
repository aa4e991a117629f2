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
  const { kysely } = maintenance;
  const [slots, prepared, workers, subscriptions] = await Promise.all([
    kysely
      .selectFrom('pg_catalog.pg_replication_slots')
      .select(['slot_name as name', 'plugin', 'active'])
      .where('slot_type', '=', 'logical')
      .where('database', '=', name)
      .orderBy('slot_name')
      .$narrowType<{ plugin: string }>()
      .execute(),
    kysely
      .selectFrom('pg_catalog.pg_prepared_xacts')
      .select('gid')
      .where('database', '=', name)
      .orderBy('gid')
      .execute(),
    kysely
      .selectFrom('pg_catalog.pg_stat_activity')
      .select(['pid', 'backend_type as type', 'application_name as application'])
      .where('datname', '=', name)
      .where('backend_type', 'not in', ['client backend', 'autovacuum worker', 'parallel worker'])
      .orderBy('pid')
      .$narrowType<{ type: string }>()
      .execute(),
    kysely
      .selectFrom('pg_catalog.pg_subscription as s')
      .innerJoin('pg_catalog.pg_database as d', 'd.oid', 's.subdbid')
      .select('s.subname')
      .where('d.datname', '=', name)
      .orderBy('s.subname')
      .execute(),
  ]);
  return {
    slots,
    prepared: prepared.map(({ gid }) => gid),
    workers,
    subscriptions: subscriptions.map(({ subname }) => subname),
  };
}
