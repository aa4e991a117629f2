import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { anyName } from '../expressions.ts';

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

/** In bytes; null where the role may not connect to the database. */
const sizeIfVisible = sql<number | null>`
  case when has_database_privilege(datname, 'CONNECT') then pg_database_size(datname) end`;

/** Databases that a restore has put aside, newest first. */
export async function listOldDatabases(
  database: Database,
  parameters: { readonly live: string },
): Promise<readonly OldDatabase[]> {
  const { live } = parameters;
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid', sizeIfVisible.as('bytes')])
    .where(({ fn, val }) => fn<boolean>('starts_with', ['datname', val(`${live}_old_`)]))
    .orderBy('datname', 'desc')
    .execute();
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
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', sizeIfVisible.as('bytes')])
    .where('datname', '=', anyName(parameters.names))
    .orderBy('datname')
    .execute();
  return rows.map(({ name, bytes }) => ({ name, bytes: bytes ?? 0 }));
}

/** Which of the names are databases of this server, and which database each is, whatever it was called before. */
export async function databaseOids(
  maintenance: Database,
  parameters: { readonly names: readonly string[] },
): Promise<ReadonlyMap<string, number>> {
  const rows = await maintenance.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid'])
    .where('datname', 'in', parameters.names)
    .execute();
  return new Map(rows.map(({ name, oid }) => [name, oid]));
}

/** Databases that runs have made beside the live one for a purpose, as `besideName` calls them. */
export async function listBesideDatabases(
  maintenance: Database,
  parameters: { readonly live: string; readonly purpose: string },
): Promise<readonly string[]> {
  const start = `${parameters.live.slice(0, 32)}_${parameters.purpose}_`;
  const rows = await maintenance.kysely
    .selectFrom('pg_catalog.pg_database')
    .select('datname as name')
    .where(({ fn, val }) => fn<boolean>('starts_with', ['datname', val(start)]))
    .orderBy('name')
    .execute();
  return rows
    .map(({ name }) => name)
    .filter((name) => /^\d{8}_\d{6}_[0-9a-f]{4}$/.test(name.slice(start.length)));
}
