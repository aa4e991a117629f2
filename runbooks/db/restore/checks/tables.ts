import { listDataTables } from '../../../../src/database/listDataTables.ts';
import { TvError } from '../../../../src/errors/TvError.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { block, need, pass, warn } from '../../../../src/runbook/preflight.ts';
import { howMany } from '../../../../src/text/format.ts';
import type { FoundServer } from '../../shared/readServerOf.ts';
import type { RestoreFacts } from '../facts.ts';

export interface CompareTablesParameters {
  readonly server: Promise<FoundServer | undefined>;
  readonly backup: Promise<RestoreFacts['backup'] | undefined>;
}

/** As many names as an operator needs to see what kind of backup it is. */
const shown = 5;

/**
 * Whether every table of the live database is in the backup. One of a single table (`pg_dump -t`) is
 * sound by itself, and the services would find the others gone.
 */
export async function compareTables(ctx: Context, { server, backup }: CompareTablesParameters) {
  if ((await need(server, 'server')).databaseOid === null) return pass('none to compare with');
  const found = new Set(Object.keys((await need(backup, 'backup'))?.rows ?? {}));
  let live: readonly string[];
  try {
    live = (await listDataTables(ctx.database().kysely)).map(({ schema, name }) => `${schema}.${name}`);
  } catch (error) {
    // A damaged database is a reason to restore, not one against it.
    if (!(error instanceof TvError)) throw error;
    return warn('those of the live database cannot be read, nor compared');
  }
  const missing = live.filter((table) => !found.has(table));
  if (missing.length === 0) return pass(`all ${live.length} of the live database are in the backup`);
  const more = missing.length > shown ? `, and ${missing.length - shown} more` : '';
  return block(
    `${missing.length} of ${howMany(live.length, 'live table')} would be gone: not in the backup`,
    {
      facts: { missing: `${missing.slice(0, shown).join(', ')}${more}` },
      next: [{ tv: ['db', 'backups'] }],
      override: 'missing-tables',
    },
  );
}
