import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import type { EventSchema } from './eventSchema.ts';
import { client, currentDatabase, isClient, isHidden, ownPid } from './expressions.ts';
import { onlyReads, readTableLocks, type TableLock } from './tableLocks.ts';

export type Session = {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  /** Address and port; `local` for a Unix socket; null where the role may not see it. */
  readonly client: string | null;
  /** True of another role's where this one may not see its client, state and statements. */
  readonly hidden: boolean;
  /** As `pg_stat_activity` names it: `active`, `idle`, `idle in transaction`; null where it is hidden. */
  readonly state: string | null;
  /** When it connected, ISO 8601; null where the role may not see it. */
  readonly since: string | null;
  /** First words of the current or last statement; empty where it is hidden. */
  readonly statement: string;
  /** Event tables on which it holds a lock stronger than a read's. */
  readonly locks: readonly { readonly table: string; readonly mode: string }[];
};

/** About one line of a terminal. */
const statementWidth = 80;

/** Other client sessions of this database, longest connected first. */
export async function listSessions(
  database: Database,
  parameters: { readonly schema?: EventSchema } = {},
): Promise<readonly Session[]> {
  const { schema } = parameters;
  const locks = schema === undefined ? [] : await readTableLocks(database.kysely, { schema });
  const sessions = await readSessions(database.kysely);
  return sessions.map((session) => ({
    ...session,
    statement: shorten(session.statement),
    locks: locksOf(session, locks),
  }));
}

/** As `listSessions`, with statements as long as the server keeps them and without locks. */
export async function readSessions(kysely: Database['kysely']): Promise<readonly Omit<Session, 'locks'>[]> {
  const rows = await kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(({ fn, val }) => [
      'pid',
      fn.coalesce('usename', val('')).as('user'),
      'application_name as application',
      client.as('client'),
      isHidden.as('hidden'),
      'state',
      'backend_start as since',
      // The server writes `<insufficient privilege>` in the place of one that is hidden.
      sql<string>`case when ${isHidden} then '' else coalesce(query, '') end`.as('statement'),
    ])
    .where('datname', '=', currentDatabase)
    .where(isClient)
    .where('pid', '<>', ownPid)
    .orderBy('backend_start', (order) => order.asc().nullsLast())
    .orderBy('pid')
    .execute();
  return rows.map((row) => ({ ...row, since: row.since?.toISOString() ?? null }));
}

function locksOf(session: { readonly pid: number }, locks: readonly TableLock[]): Session['locks'] {
  return locks.flatMap(({ pid, table, mode }) =>
    pid === session.pid && !onlyReads({ mode }) ? [{ table, mode }] : [],
  );
}

/** One line without the password of a CREATE or ALTER ROLE. */
export function shorten(statement: string): string {
  const line = statement
    .replace(/(\bpassword\s+)E?'(?:[^']|'')*('|$)/gi, "$1'***'")
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > statementWidth ? `${line.slice(0, statementWidth - 1)}…` : line;
}
