import { sql } from 'kysely';

/** Name of the database that is open. */
export const currentDatabase = sql<string>`current_database()`;

/** Process id of this session. */
export const ownPid = sql<number>`pg_backend_pid()`;

/** Client of a row of `pg_stat_activity`: address and port, `local` for a Unix socket, null where it may not be seen. */
export const client = sql<string | null>`
  case when client_port = -1 then 'local' else host(client_addr) || ':' || client_port end`;

/**
 * Of a row of `pg_stat_activity`: a client's session. Of another role's a role without pg_read_all_stats sees that it
 * is there, its user and its application name, and no more: its type is null then. A worker of the server that it may
 * not see has no user.
 */
export const isClient = sql<boolean>`(backend_type = 'client backend' or (backend_type is null and usesysid is not null))`;

/** Of a row of `pg_stat_activity`: this role may not see what the session does. */
export const isHidden = sql<boolean>`backend_type is null`;

/** Of a row of `pg_stat_activity`: the session is a tv's, this one's or another's. */
export const isOwnSession = sql<boolean>`(application_name = 'tv' or starts_with(application_name, 'tv '))`;

/** For `name = any (…)`, which takes an empty list too; `in ()` is a syntax error. */
export function anyName(names: readonly string[]) {
  return sql<string>`any (${[...names]}::text[])`;
}
