import { isVerificationUnknown, isVerified } from '../../database/backup/choosePrune.ts';
import { type Backup, type BackupList, listBackups } from '../../database/backup/listBackups.ts';
import { ago, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** The backups in the folder of the settings. */
export const backups: Source<BackupList> = {
  title: 'backups',
  read: ({ ctx }) => listBackups({ run: ctx.host().run, directory: ctx.settings.backup.directory }),
  describe: (list, now) => {
    const newest = newestVerified(list);
    const isSure = newerUnread(list) === undefined;
    const verified =
      newest === undefined
        ? `none ${isSure ? '' : 'known to be '}verified`
        : `last ${isSure ? 'verified one' : 'one known to be verified:'} ${ago(new Date(newest.createdAt), now)}`;
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

/** The newest backup that may be a newer verified one: its marks cannot be read. Undefined where there is none. */
export function newerUnread({ backups: all }: Pick<BackupList, 'backups'>): Backup | undefined {
  const last = all.findIndex(isVerified);
  return all.slice(0, last < 0 ? all.length : last).find(isVerificationUnknown);
}
