import type { Database } from '../../runbook/context.ts';

export type VacuumProgress = {
  /** As the server names it: `scanning heap`, `vacuuming indexes`, `vacuuming heap` … */
  readonly phase: string;
  /** Pages of the table. */
  readonly scanned: number;
  readonly total: number;
};

/** How far a session is with its VACUUM, from any other session; undefined where it does none. */
export async function readVacuumProgress(
  database: Database,
  parameters: { readonly pid: number },
): Promise<VacuumProgress | undefined> {
  return database.kysely
    .selectFrom('pg_catalog.pg_stat_progress_vacuum')
    .select(['phase', 'heap_blks_scanned as scanned', 'heap_blks_total as total'])
    .where('pid', '=', parameters.pid)
    .executeTakeFirst();
}
