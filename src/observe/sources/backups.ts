import { isVerified } from '../../database/backup/choosePrune.ts';
import { type Backup, type BackupList, listBackups } from '../../database/backup/listBackups.ts';
import { ago, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** The backups in the folder of the settings. */
export const backups: Source<BackupList> = {
  title: 'backups',
  read: ({ ctx }) => listBackups({ run: ctx.host().run, directory: ctx.settings.backup.directory }),
  describe: (list, now) => {
    const newest = newestVerified(list);
    const verified =
      newest === undefined ? 'none verified' : `last verified one ${ago(new Date(newest.createdAt), now)}`;
    const closed =
      list.unreadable.length === 0 ? '' : `${list.unreadable.length} that this user may not read`;
    if (list.backups.length === 0) return closed === '' ? 'none' : closed;
    return [`${howMany(list.backups.length, 'backup')}, ${verified}`, closed].filter(Boolean).join('; ');
  },
};

/** The newest backup that was verified without a problem. */
export function newestVerified({ backups: all }: Pick<BackupList, 'backups'>): Backup | undefined {
  return all.find(isVerified);
}
