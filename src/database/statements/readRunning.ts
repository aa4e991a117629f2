import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { currentDatabase, isClient, isHidden, ownPid } from '../expressions.ts';
import { maskStatement } from './maskStatement.ts';

export type RunningStatement = {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  /** `active`, or `idle in transaction` for one that has ended and keeps its locks. */
  readonly state: string;
  /** Since the statement began, or since the transaction was left idle. */
  readonly ms: number;
  /** What it waits for (`Lock: relation`); null where it works. */
  readonly waits: string | null;
  /** One line, without text literals. */
  readonly statement: string;
};

/** When the statement began, or the transaction was left idle. */
const busySince = sql<Date>`case state when 'active' then query_start else state_change end`;

/** Statements of this database that have been at it for longer than `overMs`, longest first. */
export async function readRunning(
  database: Database,
  parameters: { readonly overMs: number; readonly limit: number },
): Promise<readonly RunningStatement[]> {
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(({ fn, val }) => [
      'pid',
      fn.coalesce('usename', val('')).as('user'),
      'application_name as application',
      'state',
      sql<number>`extract(epoch from clock_timestamp() - ${busySince})::float8 * 1000`.as('ms'),
      sql<string | null>`case state when 'active' then wait_event_type || ': ' || wait_event end`.as('waits'),
      fn.coalesce('query', val('')).as('statement'),
    ])
    .where('datname', '=', currentDatabase)
    .where(isClient)
    .where('pid', '<>', ownPid)
    .where(({ or, eb }) => or([eb('state', '=', 'active'), eb('state', 'like', 'idle in transaction%')]))
    .where(
      sql<boolean>`clock_timestamp() - ${busySince} > make_interval(secs => ${parameters.overMs}::float8 / 1000)`,
    )
    .orderBy('ms', 'desc')
    .limit(parameters.limit)
    .$narrowType<{ state: string }>()
    .execute();
  return rows.map((row) => ({ ...row, statement: maskStatement(row.statement) }));
}

/** Sessions of this database of which this role may not see whether anything runs in them. */
export async function countHidden(database: Database): Promise<number> {
  const { sessions } = await database.kysely
    .selectFrom('pg_catalog.pg_stat_activity')
    .select(({ fn }) => fn.countAll<number>().as('sessions'))
    .where('datname', '=', currentDatabase)
    .where(isClient)
    .where(isHidden)
    .executeTakeFirstOrThrow();
  return Number(sessions);
}
