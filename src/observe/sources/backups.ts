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
    return list.backups.length === 0 ? 'none' : `${howMany(list.backups.length, 'backup')}, ${verified}`;
  },
};

/** The newest backup that was verified without a problem. */
export function newestVerified({ backups: all }: Pick<BackupList, 'backups'>): Backup | undefined {
  return all.find(isVerified);
}
