import type { Database } from '../../runbook/context.ts';
import { client, isOwnSession, ownPid } from '../expressions.ts';

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
  return (
    maintenance.kysely
      .selectFrom('pg_catalog.pg_stat_activity')
      .select(({ fn, val }) => [
        'pid',
        fn.coalesce('usename', val('?')).as('user'),
        'application_name as application',
        fn.coalesce(client, val('?')).as('client'),
        fn.coalesce('state', val('?')).as('state'),
      ])
      .where('datname', 'in', parameters.names)
      .where('pid', '<>', ownPid)
      // A role that may not see another's sessions in full sees no type, but that they are there.
      .where(({ fn, val }) => fn.coalesce('backend_type', val('client backend')), '=', 'client backend')
      .where(({ not }) => not(isOwnSession))
      .orderBy('backend_start')
      .orderBy('pid')
      .execute()
  );
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
