import { prunable } from '../database/backup/choosePrune.ts';
import { listBackups } from '../database/backup/listBackups.ts';
import { keepDaysDefault, keepVerified } from '../database/backup/retention.ts';
import { onHost } from '../errors/advice.ts';
import { answer } from '../errors/answer.ts';
import { readDisk } from '../host/readDisk.ts';
import type { Context } from '../runbook/context.ts';
import { bytes } from '../text/format.ts';
import { quoteForShell } from '../text/shellLine.ts';
import type { SampleValue } from './sample.ts';

/** Runbook section 8: a disk fuller than this share is a warning. */
const fullShare = 0.8;

export async function disk(ctx: Context): Promise<SampleValue> {
  const { directory } = ctx.settings.backup;
  const host = ctx.host();
  const { totalBytes, freeBytes, mount } = await readDisk(host, { path: directory });
  const isFull = 1 - freeBytes / totalBytes > fullShare;
  const listed = isFull ? await answer(listBackups({ run: host.run, directory })) : undefined;
  const prunableBytes = listed?.known
    ? prunable(listed.value.backups, {
        now: ctx.clock.now(),
        keepDays: keepDaysDefault,
        keepVerified,
      }).reduce((sum, backup) => sum + backup.bytes, 0)
    : undefined;
  return judgeDisk({ directory, mount, totalBytes, freeBytes, prunableBytes });
}

export interface DiskUse {
  readonly directory: string;
  readonly mount: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** What `tv db prune` would free; undefined where the backups cannot be listed. */
  readonly prunableBytes: number | undefined;
}

/** Suggests pruning only where a backup may be pruned. */
export function judgeDisk({ directory, mount, totalBytes, freeBytes, prunableBytes }: DiskUse): SampleValue {
  const used = 1 - freeBytes / totalBytes;
  const summary = `${directory} (${mount}): ${bytes(freeBytes)} free of ${bytes(totalBytes)}, ${Math.round(used * 100)} % used`;
  const data = { totalBytes, freeBytes };
  if (used <= fullShare) return { level: 'ok', summary, data };
  if (prunableBytes !== undefined && prunableBytes > 0) {
    const next = [{ tv: ['db', 'prune'] }];
    return { level: 'warning', summary: `${summary}; old backups use ${bytes(prunableBytes)}`, data, next };
  }
  const kept = prunableBytes === undefined ? '' : '; no backup is old enough to prune';
  const next = [
    onHost(`du -xh --max-depth=2 ${quoteForShell(mount)} | sort -h | tail`),
    { when: 'move backups to another file system, then set backup.directory', tv: ['config', 'show'] },
  ];
  return { level: 'warning', summary: `${summary}${kept}`, data, next };
}
