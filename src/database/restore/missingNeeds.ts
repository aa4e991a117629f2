import { sql } from 'kysely';
import type { Advice } from '../../errors/advice.ts';
import type { Database } from '../../runbook/context.ts';
import type { BackupNeeds } from '../backup/dumpScript.ts';
import { createRole, installExtension } from './fillDatabase.ts';

/** What a restore would fail for. */
export type MissingNeeds = BackupNeeds & {
  /**
   * Extensions that the server has, but whose control file leaves them to a superuser, which the role behind the
   * connection is not. Absent in journals of releases that did not check.
   */
  readonly forbidden?: readonly string[];
};

/** Overrules what `forbidden` has: a provider may let other roles create an extension all the same. */
const forbiddenOverride = 'superuser-extensions';

/**
 * Which of the roles and extensions that a backup names this server does not have, or does not let this role
 * create. A dump names roles, which belong to the whole server and are not in it: a restore fails at the first
 * that is missing. A new database has none of the extensions: it is made from template0.
 */
export async function missingNeeds(database: Database, needs: BackupNeeds): Promise<MissingNeeds> {
  const { kysely } = database;
  const [roles, extensions] = await Promise.all([
    kysely.selectFrom('pg_catalog.pg_roles').select('rolname as name').execute(),
    kysely
      .selectFrom('pg_catalog.pg_available_extensions as e')
      // A dump names no version, so that the default one is created.
      .leftJoin('pg_catalog.pg_available_extension_versions as v', (join) =>
        join.onRef('v.name', '=', 'e.name').onRef('v.version', '=', 'e.default_version'),
      )
      .select([
        'e.name',
        sql<boolean>`coalesce(v.superuser and not v.trusted, false) and not
          (select rolsuper from pg_catalog.pg_roles where rolname = current_user)`.as('isForbidden'),
      ])
      .execute(),
  ]);
  const missing = (wanted: readonly string[], there: readonly { readonly name: string }[]) => {
    const names = new Set(there.map(({ name }) => name));
    return wanted.filter((name) => !names.has(name)).toSorted();
  };
  return {
    roles: missing(needs.roles, roles),
    extensions: missing(needs.extensions, extensions),
    forbidden: extensions
      .filter(({ name, isForbidden }) => isForbidden && needs.extensions.includes(name))
      .map(({ name }) => name)
      .toSorted(),
  };
}

/** In words and with its remedies; undefined where nothing is missing. */
export function lackedBy(
  server: string,
  { roles, extensions, forbidden = [] }: MissingNeeds,
): { readonly what: string; readonly next: readonly Advice[]; readonly override?: string } | undefined {
  const absent = [
    ...(roles.length === 0 ? [] : [`the role${roles.length === 1 ? '' : 's'} ${roles.join(', ')}`]),
    ...(extensions.length === 0 ? [] : [named(extensions)]),
  ];
  const parts = [
    ...(absent.length === 0 ? [] : [`${server} does not have ${absent.join(' and ')}, which it needs`]),
    ...(forbidden.length === 0 ? [] : [`only a superuser may create ${named(forbidden)}, which it needs`]),
  ];
  if (parts.length === 0) return undefined;
  return {
    what: parts.join('; '),
    next: [
      ...roles.flatMap(createRole),
      ...extensions.flatMap(installExtension),
      ...(forbidden.length === 0
        ? []
        : [{ when: 'set database.adminUrl to a superuser of PostgreSQL', tv: ['config', 'show'] } as const]),
    ].slice(0, 5),
    ...(absent.length === 0 ? { override: forbiddenOverride } : {}),
  };
}

function named(extensions: readonly string[]): string {
  return `the extension${extensions.length === 1 ? '' : 's'} ${extensions.join(', ')}`;
}
