import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type ForeignSession = {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly client: string;
  readonly state: string;
};

/** Client sessions of databases of this server, apart from tv's own. */
export async function listForeignSessions(
  maintenance: Database,
  parameters: { readonly names: readonly string[] },
): Promise<readonly ForeignSession[]> {
  const { rows } = await sql<ForeignSession>`
    select pid, coalesce(usename::text, '?') as "user", application_name as application,
      case when client_port = -1 then 'local' else coalesce(host(client_addr) || ':' || client_port, '?') end as client,
      coalesce(state, '?') as state
    from pg_catalog.pg_stat_activity
    where datname in (${sql.join(parameters.names)}) and pid <> pg_backend_pid()
      -- A role that may not see another's sessions in full sees no type, but that they are there.
      and coalesce(backend_type, 'client backend') = 'client backend'
      and not (application_name = 'tv' or starts_with(application_name, 'tv '))
    order by backend_start, pid
  `.execute(maintenance.kysely);
  return rows;
}

/** For an error's or a check's facts. */
export function sessionLines(sessions: readonly ForeignSession[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sessions
      .slice(0, 8)
      .map(({ pid, user, application, client, state }) => [
        `pid ${pid}`,
        `${user}${application === '' ? '' : `, ${application}`}, from ${client}, ${state}`,
      ]),
  );
}
