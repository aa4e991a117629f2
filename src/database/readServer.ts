import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

export type DatabaseServer = {
  /** `15.14`. */
  readonly version: string;
  readonly major: number;
  /** Null where the role may not see it. */
  readonly dataDirectory: string | null;
  readonly inRecovery: boolean;
  readonly sizeBytes: number;
  /** With the database's oid, says whether two URLs lead to the same database. Null where not permitted. */
  readonly systemIdentifier: string | null;
  readonly databaseOid: number;
  readonly user: string;
  readonly isSuperuser: boolean;
};

type Row = Omit<DatabaseServer, 'systemIdentifier' | 'major'> & {
  readonly versionNumber: number;
  readonly mayReadControl: boolean;
};

/** The server behind the connection. */
export async function readServer(database: Database): Promise<DatabaseServer> {
  const { rows } = await sql<Row>`
    select
      split_part(current_setting('server_version'), ' ', 1) as version,
      current_setting('server_version_num')::int as "versionNumber",
      case when pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
        then current_setting('data_directory') end as "dataDirectory",
      pg_is_in_recovery() as "inRecovery",
      pg_database_size(current_database()) as "sizeBytes",
      (select oid::bigint from pg_catalog.pg_database where datname = current_database()) as "databaseOid",
      current_user::text as "user",
      (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as "isSuperuser",
      has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') as "mayReadControl"
  `.execute(database.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  const { versionNumber, mayReadControl, ...server } = row;
  return {
    ...server,
    major: Math.floor(versionNumber / 10_000),
    systemIdentifier: mayReadControl ? await readSystemIdentifier(database) : null,
  };
}

/** Above 2^53, so as text. */
async function readSystemIdentifier(database: Database): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select system_identifier::text as id from pg_catalog.pg_control_system()
  `.execute(database.kysely);
  return rows[0]?.id ?? null;
}
