import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type OldDatabase = {
  readonly name: string;
  readonly oid: number;
  readonly bytes: number;
  /** When it was put aside, ISO 8601: from its name. */
  readonly at: string;
};

/**
 * `tempovault_old_20261123_221500`: sorts by time (UTC), and needs no quotes in psql.
 * @param stamp begins like a run: `20261123-221500`
 */
export function oldName(live: string, stamp: string): string {
  return `${live}_old_${stamp.slice(0, 15).replace('-', '_')}`;
}

/** Databases that a restore has put aside, newest first. */
export async function listOldDatabases(
  database: Database,
  parameters: { readonly live: string },
): Promise<readonly OldDatabase[]> {
  const { live } = parameters;
  const { rows } = await sql<{ name: string; oid: number; bytes: number | null }>`
    select datname as name, oid::bigint as oid,
      case when has_database_privilege(datname, 'CONNECT') then pg_database_size(datname) end as bytes
    from pg_catalog.pg_database where starts_with(datname, ${`${live}_old_`}) order by datname desc
  `.execute(database.kysely);
  return rows.flatMap(({ name, oid, bytes }) => {
    const [, y, mo, d, h, mi, s] =
      /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(name.slice(`${live}_old_`.length)) ?? [];
    return y === undefined
      ? []
      : [{ name, oid, bytes: bytes ?? 0, at: new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`).toISOString() }];
  });
}

/** Those of the names that are databases of this server, with their size in bytes. */
export async function databaseSizes(
  database: Database,
  parameters: { readonly names: readonly string[] },
): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const { rows } = await sql<{ name: string; bytes: number | null }>`
    select datname as name,
      case when has_database_privilege(datname, 'CONNECT') then pg_database_size(datname) end as bytes
    from pg_catalog.pg_database where datname = any (${[...parameters.names]}::text[]) order by datname
  `.execute(database.kysely);
  return rows.map(({ name, bytes }) => ({ name, bytes: bytes ?? 0 }));
}

/** Which of the names are databases of this server, and which database each is, whatever it was called before. */
export async function databaseOids(
  maintenance: Database,
  parameters: { readonly names: readonly string[] },
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ name: string; oid: number }>`
    select datname as name, oid::bigint as oid from pg_catalog.pg_database
    where datname in (${sql.join(parameters.names)})
  `.execute(maintenance.kysely);
  return new Map(rows.map(({ name, oid }) => [name, oid]));
}
