import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';

/** What makes transactions read-only, and the statement that ends it. */
export type ReadOnlyDefault = {
  /** As people say it: `the database tempovault`. */
  readonly of: string;
  /** Statements, without a semicolon. */
  readonly reset: readonly string[];
  /** Also of the session that is to end it. */
  readonly ofAll: boolean;
};

const setting = 'default_transaction_read_only';

/**
 * Where sessions of a role in a database begin read-only transactions: `default_transaction_read_only`, in the
 * order that the server applies it. tv's own sessions set it off, so they do not show it.
 * @returns undefined where they may write; a setting of the configuration file is seen by a superuser alone
 */
export async function readReadOnlyDefault(
  database: Database,
  { name, role }: { readonly name: string; readonly role: string },
): Promise<ReadOnlyDefault | undefined> {
  const { rows } = await sql<{ rank: number; readOnly: boolean }>`
    select 1 + (setrole = 0)::int * 2 + (setdatabase = 0)::int as rank,
      substr(one, length(${setting}) + 2)::boolean as "readOnly"
    from pg_catalog.pg_db_role_setting cross join unnest(setconfig) as config (one)
    where setdatabase in (0, (select oid from pg_catalog.pg_database where datname = ${name}))
      and setrole in (0, (select oid from pg_catalog.pg_roles where rolname = ${role}))
      and starts_with(one, ${`${setting}=`})
    order by rank limit 1
  `.execute(database.kysely);
  const [found] = rows;
  if (found !== undefined) return found.readOnly ? describe(found.rank, name, role) : undefined;
  const { rows: rights } = await sql<{ mayRead: boolean }>`
    select has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
      and has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') as "mayRead"
  `.execute(database.kysely);
  if (rights[0]?.mayRead !== true) return undefined;
  const file = await database.kysely
    .selectFrom('pg_catalog.pg_file_settings')
    .select([sql<boolean>`setting::boolean`.as('readOnly'), 'sourcefile as file'])
    .where('name', '=', setting)
    .where('applied', '=', true)
    .orderBy('seqno', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (file === undefined || !file.readOnly) return undefined;
  return {
    of: `the server (${file.file})`,
    reset: [`ALTER SYSTEM SET ${setting} = off`, 'SELECT pg_reload_conf()'],
    ofAll: true,
  };
}

function describe(rank: number, name: string, role: string): ReadOnlyDefault {
  const known = {
    1: { of: `the role ${role} in the database ${name}`, what: `ROLE ${id(role)} IN DATABASE ${id(name)}` },
    2: { of: `the role ${role}`, what: `ROLE ${id(role)}` },
    3: { of: `the database ${name}`, what: `DATABASE ${id(name)}` },
    4: { of: 'every role', what: 'ROLE ALL' },
  }[rank];
  if (known === undefined) throw new Error(`no rank of a setting: ${rank}`);
  return { of: known.of, reset: [`ALTER ${known.what} RESET ${setting}`], ofAll: rank === 4 };
}

function id(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
