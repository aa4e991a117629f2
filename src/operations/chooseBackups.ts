import { findBackup } from '../database/backup/findBackup.ts';
import {
  type Backup,
  listBackups,
  readableAdvice,
  someOf,
  unreadableSince,
  unsupportedAdvice,
} from '../database/backup/listBackups.ts';
import { exitCodes, TvError, UsageError } from '../errors/TvError.ts';
import type { Context } from '../runbook/context.ts';

export interface WantedBackups {
  readonly backup?: string | undefined;
  readonly latest?: boolean | undefined;
  readonly all?: boolean | undefined;
}

/**
 * The backups that an operator means: one by name or path, the newest, or all.
 * @throws UsageError where none or more than one way of saying it was used
 * @throws TvError (exit 3) where there is no such backup, or which it is cannot be read
 */
export async function chooseBackups(ctx: Context, wanted: WantedBackups): Promise<readonly Backup[]> {
  const { backup, latest = false, all = false } = wanted;
  const ways = [backup !== undefined, latest, all].filter((way) => way).length;
  if (ways !== 1) {
    throw new UsageError(
      ways === 0 ? 'usage.missing-value' : 'usage.conflicting-flags',
      ways === 0
        ? 'Which backup? Name it, or say --latest.'
        : 'Name a backup, or say --latest or --all: one of them.',
      { next: { tv: ['db', 'backups'] } },
    );
  }
  try {
    return await lookFor(ctx, { backup, all });
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const { message, facts, next } = error;
    // Like any other check that blocks: nothing was changed.
    throw new TvError(error.code, message, { facts, next, exitCode: exitCodes.blocked, cause: error });
  }
}

async function lookFor(ctx: Context, { backup, all }: WantedBackups): Promise<readonly Backup[]> {
  const place = { run: ctx.host().run, directory: ctx.settings.backup.directory };
  if (backup !== undefined) return [await findBackup({ ...place, wanted: backup })];
  const list = await listBackups(place);
  const { backups, directory, unsupported } = list;
  const denied = all === true ? list.unreadable.map(({ name }) => name) : unreadableSince(list, backups[0]);
  if (denied.length > 0) {
    throw new TvError(
      'backup.unreadable',
      all === true
        ? `This user may not read every backup in ${directory}.`
        : `Which backup is the newest is unknown: this user may not read all that is in ${directory}.`,
      {
        facts: { 'not readable': someOf(denied) },
        next: [
          readableAdvice(directory),
          { when: 'or name one of those that can be read', tv: ['db', 'backups'] },
        ],
      },
    );
  }
  const [other] = unsupported;
  if (backups.length === 0) {
    throw new TvError('backup.not-found', `There is no backup in ${directory} that tv can read.`, {
      facts: { unsupported: unsupported.join(', ') || undefined },
      next: [...(other === undefined ? [] : [unsupportedAdvice(directory, other)]), { tv: ['db', 'backup'] }],
    });
  }
  return all === true ? backups : backups.slice(0, 1);
}
