import { prunable } from '../../database/backup/choosePrune.ts';
import { pruneRule } from '../../database/backup/retention.ts';
import { type DiskSpace, readDisk } from '../../host/readDisk.ts';
import { bytes } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { backups } from './backups.ts';

export interface Disk extends DiskSpace {
  readonly directory: string;
  /** What `tv db prune` would free; undefined where the backups cannot be listed. */
  readonly prunableBytes: number | undefined;
}

/** The file system that holds the backups. */
export const disk: Source<Disk> = {
  title: 'disk',
  read: async (reader) => {
    const { directory } = reader.ctx.settings.backup;
    const [space, listed] = await Promise.all([
      readDisk(reader.ctx.host(), { path: directory }),
      reader.answer(backups),
    ]);
    const old = listed.known
      ? prunable(listed.value.backups, pruneRule(reader.ctx.settings, { now: reader.ctx.clock.now() }))
      : undefined;
    return { ...space, directory, prunableBytes: old?.reduce((sum, backup) => sum + backup.bytes, 0) };
  },
  describe: ({ directory, mount, totalBytes, freeBytes }) =>
    `${directory} (${mount}): ${bytes(freeBytes)} free of ${bytes(totalBytes)}, ${usedPercent({ totalBytes, freeBytes })} % used`,
};

/** Of what programs may use, rounded to whole percents. */
export function usedPercent({ totalBytes, freeBytes }: Pick<DiskSpace, 'totalBytes' | 'freeBytes'>): number {
  return Math.round((1 - freeBytes / totalBytes) * 100);
}
