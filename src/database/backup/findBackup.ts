import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { type Backup, type BackupList, listBackups } from './listBackups.ts';

export interface FindBackupParameters {
  readonly run: Host['run'];
  readonly directory: string;
  /** A name as `tv db backups` shows it, its beginning where only one has it, or a path. */
  readonly wanted: string;
}

/** @throws TvError where there is none, or more than one that begins like this */
export async function findBackup({ run, directory, wanted }: FindBackupParameters): Promise<Backup> {
  const path = wanted.replace(/\/+$/, '');
  const slash = path.lastIndexOf('/');
  const place = slash < 0 ? directory : path.slice(0, slash) || '/';
  return pickBackup(await listBackups({ run, directory: place }), path.slice(slash + 1));
}

/** @throws TvError where there is none, or more than one that begins like this */
function pickBackup({ backups, directory }: BackupList, wanted: string): Backup {
  const exact = backups.find(({ name }) => name === wanted);
  const alike = backups.filter(({ name }) => name.startsWith(wanted));
  const [only] = alike;
  const found = exact ?? (alike.length === 1 ? only : undefined);
  if (found !== undefined) return found;
  throw new TvError(
    alike.length === 0
      ? `There is no backup "${wanted}".`
      : `"${wanted}" is the beginning of several backups.`,
    {
      facts: {
        folder: directory,
        ...(alike.length === 0 ? {} : { backups: alike.map(({ name }) => name).join(', ') }),
      },
      next: 'tv db backups',
    },
  );
}
