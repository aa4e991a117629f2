import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type VacuumTable = {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** As the server's statistics estimate them. */
  readonly liveRows: number;
  readonly deadRows: number;
  /** By hand or by autovacuum, whichever was later; ISO 8601, null where there was none. */
  readonly lastVacuum: string | null;
  readonly lastAnalyze: string | null;
  /** A session holds ACCESS EXCLUSIVE on it; its size then comes from the statistics. */
  readonly locked: boolean;
  /** VACUUM passes over tables of others with nothing but a warning. */
  readonly allowed: boolean;
};

/**
 * Every table and materialised view of this database outside of the catalogue, largest first. Who
 * may vacuum: superuser, owner of the table or of the database, from 17 on whoever has MAINTAIN.
 */
export async function listVacuumTables(database: Database): Promise<readonly VacuumTable[]> {
  const { rows } = await sql<
    Omit<VacuumTable, 'lastVacuum' | 'lastAnalyze'> & { lastVacuum: Date | null; lastAnalyze: Date | null }
  >`
    select
      n.nspname as schema,
      c.relname as name,
      -- Measuring waits for a lock as well.
      case when l.locked then c.relpages::bigint * current_setting('block_size')::bigint
        else pg_total_relation_size(c.oid) end as bytes,
      l.locked,
      pg_stat_get_live_tuples(c.oid) as "liveRows",
      pg_stat_get_dead_tuples(c.oid) as "deadRows",
      greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) as "lastVacuum",
      greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) as "lastAnalyze",
      current_setting('is_superuser') = 'on'
        or pg_has_role(current_user, c.relowner, 'USAGE')
        or pg_has_role(current_user, d.datdba, 'USAGE')
        or case when current_setting('server_version_num')::int >= 170000
          then has_table_privilege(c.oid, 'MAINTAIN') else false end as allowed
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_database d on d.datname = current_database()
    cross join lateral (
      select exists (
        select from pg_catalog.pg_locks held
        where held.relation = c.oid and held.database = d.oid and held.granted
          and held.mode = 'AccessExclusiveLock' and held.pid <> pg_backend_pid()
      ) as locked
    ) l
    where c.relkind in ('r', 'm')
      and c.relpersistence <> 't'
      and n.nspname <> 'information_schema'
      and n.nspname !~ '^pg_'
    order by bytes desc, 1, 2
  `.execute(database.kysely);
  return rows.map((row) => ({
    ...row,
    lastVacuum: row.lastVacuum?.toISOString() ?? null,
    lastAnalyze: row.lastAnalyze?.toISOString() ?? null,
  }));
}
