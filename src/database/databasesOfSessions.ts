import type { Database } from '../runbook/context.ts';

/** The databases of the server in which clients of this name are connected, each once. */
export async function databasesOfSessions(
  maintenance: Database,
  { applicationName }: { readonly applicationName: string },
): Promise<readonly string[]> {
  const rows = await maintenance.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select('datname')
    .distinct()
    .where('application_name', '=', applicationName)
    .execute();
  return rows.map(({ datname }) => datname ?? '');
}
