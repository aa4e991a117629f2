import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

/** One setting of the server, as this database's sessions see it. */
export type Tunable = {
  readonly name: string;
  /** As people write it: `128MB`. */
  readonly value: string;
  /** In units of `unit`. */
  readonly setting: string;
  readonly unit: string | null;
  /** `postmaster` (needs a restart), `sighup` (needs a reload), `user` … */
  readonly context: string;
  /** `default`, `configuration file`, `command line`, `database` … */
  readonly source: string;
  /** Null where the role may not see it, and where it comes from no file. */
  readonly file: string | null;
  readonly line: number | null;
  /** The files say something else since the server started. */
  readonly pendingRestart: boolean;
};

/** What outranks `postgresql.auto.conf`: there ALTER SYSTEM has no effect that a session would see. */
const outranking: readonly string[] = [
  'command line',
  'override',
  'global',
  'database',
  'user',
  'database user',
  'client',
  'session',
];

/** Settings by name, in the order asked for; those that this server does not know are left out. */
export async function readTunables(
  database: Database,
  parameters: { readonly names: readonly string[] },
): Promise<readonly Tunable[]> {
  const { rows } = await sql<Tunable>`
    select s.name, current_setting(s.name) as value, s.setting, s.unit, s.context, s.source,
      s.sourcefile as file, s.sourceline as line, s.pending_restart as "pendingRestart"
    from unnest(${[...parameters.names]}::text[]) with ordinality as wanted (name, place)
    join pg_catalog.pg_settings s on s.name = wanted.name
    order by wanted.place
  `.execute(database.kysely);
  return rows;
}

export function isOutranked({ source }: Pick<Tunable, 'source'>): boolean {
  return outranking.includes(source);
}

export function needsRestart({ context }: Pick<Tunable, 'context'>): boolean {
  return context === 'postmaster';
}
