import { sql } from 'kysely';
import type { Advice } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import type { BackupNeeds } from '../backup/dumpScript.ts';
import { createRole, installExtension } from './fillDatabase.ts';

/**
 * Which of the roles and extensions that a backup names this server does not have. A dump names roles,
 * which belong to the whole server and are not in it: a restore fails at the first that is missing.
 */
export async function missingNeeds(database: Database, needs: BackupNeeds): Promise<BackupNeeds> {
  const { rows } = await sql<{ roles: readonly string[]; extensions: readonly string[] }>`
    select
      array(select one from unnest(${[...needs.roles]}::text[]) as one
        where one not in (select rolname from pg_catalog.pg_roles) order by 1) as roles,
      array(select one from unnest(${[...needs.extensions]}::text[]) as one
        where one not in (select name from pg_catalog.pg_available_extensions) order by 1) as extensions
  `.execute(database.kysely);
  const [row] = rows;
  if (row === undefined)
    throw new TvError('db.statement-refused', 'The database returned no row for a SELECT without FROM.');
  return row;
}

/** In words and with its remedies; undefined where nothing is missing. */
export function lackedBy(
  server: string,
  { roles, extensions }: BackupNeeds,
): { readonly what: string; readonly next: readonly Advice[] } | undefined {
  const parts = [
    ...(roles.length === 0 ? [] : [`the role${roles.length === 1 ? '' : 's'} ${roles.join(', ')}`]),
    ...(extensions.length === 0
      ? []
      : [`the extension${extensions.length === 1 ? '' : 's'} ${extensions.join(', ')}`]),
  ];
  if (parts.length === 0) return undefined;
  return {
    what: `${server} does not have ${parts.join(' and ')}, which it needs`,
    next: [...roles.flatMap(createRole), ...extensions.flatMap(installExtension)].slice(0, 5),
  };
}
