import type { Advice } from '../../errors/advice.ts';
import type { Database } from '../../runbook/context.ts';
import type { BackupNeeds } from '../backup/dumpScript.ts';
import { createRole, installExtension } from './fillDatabase.ts';

/**
 * Which of the roles and extensions that a backup names this server does not have. A dump names roles,
 * which belong to the whole server and are not in it: a restore fails at the first that is missing.
 */
export async function missingNeeds(database: Database, needs: BackupNeeds): Promise<BackupNeeds> {
  const { kysely } = database;
  const [roles, extensions] = await Promise.all([
    kysely.selectFrom('pg_catalog.pg_roles').select('rolname as name').execute(),
    kysely.selectFrom('pg_catalog.pg_available_extensions').select('name').execute(),
  ]);
  const missing = (wanted: readonly string[], there: readonly { readonly name: string }[]) => {
    const names = new Set(there.map(({ name }) => name));
    return wanted.filter((name) => !names.has(name)).toSorted();
  };
  return { roles: missing(needs.roles, roles), extensions: missing(needs.extensions, extensions) };
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
