import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
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

/** Statements of this database that have been at it for longer than `overMs`, longest first. */
export async function readRunning(
  database: Database,
  parameters: { readonly overMs: number; readonly limit: number },
): Promise<readonly RunningStatement[]> {
  const { rows } = await sql<RunningStatement>`
    select
      pid,
      coalesce(usename::text, '') as "user",
      application_name as application,
      state,
      extract(epoch from clock_timestamp()
        - case state when 'active' then query_start else state_change end)::float8 * 1000 as ms,
      case state when 'active' then wait_event_type || ': ' || wait_event end as waits,
      coalesce(query, '') as statement
    from pg_catalog.pg_stat_activity
    where datname = current_database()
      and backend_type = 'client backend'
      and pid <> pg_backend_pid()
      and (state = 'active' or state like 'idle in transaction%')
      and clock_timestamp() - case state when 'active' then query_start else state_change end
        > make_interval(secs => ${parameters.overMs}::float8 / 1000)
    order by ms desc
    limit ${parameters.limit}
  `.execute(database.kysely);
  return rows.map((row) => ({ ...row, statement: maskStatement(row.statement) }));
}
