import type { Backup } from '../../../src/database/backup/listBackups.ts';
import { readFunctions } from '../../../src/database/backup/readFunctions.ts';
import { readRights } from '../../../src/database/restore/readRights.ts';
import { answer } from '../../../src/errors/answer.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { pass, warn } from '../../../src/runbook/preflight.ts';
import { howMany } from '../../../src/text/format.ts';
import { visible } from '../../../src/text/outsideText.ts';
import { withMaintenance } from './maintenance.ts';

/** More names than this are counted. */
const named = 8;

/**
 * Whether a restore could run code of the backups as a superuser. Their functions are named: what they do
 * is not known from their text.
 */
export async function checkCode(
  ctx: Context,
  backups: readonly Pick<Backup, 'form' | 'archive' | 'path'>[],
  signal: AbortSignal,
) {
  const { user, isSuperuser } = await withMaintenance(ctx, 'tv', (database) =>
    readRights(database, { owner: ctx.database().target.user }),
  );
  if (!isSuperuser) return pass(`the restore connects as ${user}, which is not a superuser`);
  const found = new Set<string>();
  const unread: string[] = [];
  const { run } = ctx.host();
  for (const backup of backups) {
    // A damaged one is for the verification to name.
    const functions = await answer(readFunctions(ctx.database(), { run, backup, signal }));
    if (functions.known) for (const name of functions.value) found.add(name);
    else unread.push(backup.path);
  }
  const names = [...found].map(visible);
  if (names.length === 0 && unread.length > 0) {
    return warn(`functions of the backup can run as the superuser ${user}; which it has is unknown`, {
      facts: { 'not readable': unread.map(visible).join(', ') },
    });
  }
  if (names.length === 0) return pass(`the restore connects as the superuser ${user}; no functions in it`);
  const more = names.length > named ? ` and ${names.length - named} more` : '';
  return warn(`${howMany(names.length, 'function')} of the backup can run as the superuser ${user}`, {
    facts: { functions: `${names.slice(0, named).join(', ')}${more}` },
    next: ['restore only a backup whose origin you trust'],
  });
}
