import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { anyName } from '../expressions.ts';

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
  const { names } = parameters;
  const rows = await database.kysely
    .selectFrom('pg_catalog.pg_settings')
    .select([
      'name',
      sql<string>`current_setting(name)`.as('value'),
      ...(['setting', 'unit', 'context', 'source'] as const),
      'sourcefile as file',
      'sourceline as line',
      'pending_restart as pendingRestart',
    ])
    .where('name', '=', anyName(names))
    .execute();
  return rows.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

export function isOutranked({ source }: Pick<Tunable, 'source'>): boolean {
  return outranking.includes(source);
}

export function needsRestart({ context }: Pick<Tunable, 'context'>): boolean {
  return context === 'postmaster';
}
