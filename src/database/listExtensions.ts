import type { Database } from '../runbook/context.ts';

/** Names of the extensions that the database has. */
export async function listExtensions({ kysely }: Database): Promise<readonly string[]> {
  const found = await kysely.selectFrom('pg_catalog.pg_extension').select('extname as name').execute();
  return found.map(({ name }) => name);
}
