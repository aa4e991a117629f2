import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { anyName } from '../expressions.ts';

export type OldDatabase = {
  readonly name: string;
  readonly oid: number;
  /** Null where the role may not connect to it, so that its size is unknown. */
  readonly bytes: number | null;
  /** When it was put aside, ISO 8601: from its name. */
  readonly at: string;
};

/** The server cuts a longer name without an error, and two names could become one. */
const longestName = 63;

/**
 * The beginning of names that belong to a database: its own name, or where that is too long its first characters
 * and a sum of all of it, so that no other database has the same.
 * @param bytes as many as it may have
 */
function headOf(live: string, bytes: number): string {
  if (Buffer.byteLength(live) <= bytes) return live;
  const sum = `_${createHash('sha256').update(live).digest('hex').slice(0, 8)}`;
  let head = '';
  for (const character of live) {
    if (Buffer.byteLength(head + character) > bytes - sum.length) break;
    head += character;
  }
  return `${head}${sum}`;
}

/** What the names of all databases begin with that were put aside for this one: `tempovault_old_`. */
export function oldPrefix(live: string): string {
  return `${headOf(live, longestName - '_old_20261123_221500'.length)}_old_`;
}

/**
 * `tempovault_old_20261123_221500`: sorts by time (UTC), and needs no quotes in psql.
 * @param stamp begins like a run: `20261123-221500`
 */
export function oldName(live: string, stamp: string): string {
  return `${oldPrefix(live)}${stamp.slice(0, 15).replace('-', '_')}`;
}

/** What the names of the databases begin with that runs make beside the live one: `tempovault_restore_`. */
export function besidePrefix(live: string, purpose: 'restore' | 'verify' | 'trial' | 'reindex'): string {
  return `${headOf(live, 32)}_${purpose}_`;
}

/** In bytes; null where the role may not connect to the database. */
const sizeIfVisible = sql<number | null>`
  case when has_database_privilege(datname, 'CONNECT') then pg_database_size(datname) end`;

/** Databases that a restore has put aside, newest first. */
export async function listOldDatabases(
  database: Database,
  parameters: { readonly live: string },
): Promise<readonly OldDatabase[]> {
  const prefix = oldPrefix(parameters.live);
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid', sizeIfVisible.as('bytes')])
    .where(({ fn, val }) => fn<boolean>('starts_with', ['datname', val(prefix)]))
    .orderBy('datname', 'desc')
    .execute();
  return rows.flatMap(({ name, oid, bytes }) => {
    const [, y, mo, d, h, mi, s] =
      /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(name.slice(prefix.length)) ?? [];
    return y === undefined
      ? []
      : [{ name, oid, bytes, at: new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`).toISOString() }];
  });
}

/** Those of the names that are databases of this server: which one each is, and its size in bytes, as above. */
export async function databaseSizes(
  database: Database,
  parameters: { readonly names: readonly string[] },
): Promise<readonly { readonly name: string; readonly oid: number; readonly bytes: number | null }[]> {
  return database.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid', sizeIfVisible.as('bytes')])
    .where('datname', '=', anyName(parameters.names))
    .orderBy('datname')
    .execute();
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
  parameters: { readonly live: string; readonly purpose: Parameters<typeof besidePrefix>[1] },
): Promise<readonly { readonly name: string; readonly oid: number }[]> {
  const start = besidePrefix(parameters.live, parameters.purpose);
  const rows = await maintenance.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid'])
    .where(({ fn, val }) => fn<boolean>('starts_with', ['datname', val(start)]))
    .orderBy('name')
    .execute();
  return rows.filter(({ name }) => /^\d{8}_\d{6}_[0-9a-f]{4}$/.test(name.slice(start.length)));
}
