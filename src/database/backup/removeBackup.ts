import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import type { Backup } from './listBackups.ts';
import removeScript from './removeBackup.sh';

export interface RemoveBackupParameters {
  readonly run: Host['run'];
  readonly backup: Pick<Backup, 'path'>;
}

/**
 * Removes a backup with its manifest and marks. What is left of a
 * removal that is cut off is not taken for a backup.
 */
export async function removeBackup({ run, backup }: RemoveBackupParameters): Promise<void> {
  const { exitCode, stderr } = await run(['sh', '-c', removeScript, 'tv', backup.path], { timeoutMs: 0 });
  if (exitCode === 0) return;
  throw new TvError('backup.not-written', 'The backup cannot be removed.', {
    facts: { backup: backup.path, said: stderr.trim().split('\n').at(-1) },
  });
}

/** Whether nothing of it is left. */
export async function isRemoved({ run, backup }: RemoveBackupParameters): Promise<boolean> {
  const script = 'for left in "$1" "$1.deleting" "$1.marks.json"; do [ ! -e "$left" ] || exit 1; done';
  return (await run(['sh', '-c', script, 'tv', backup.path])).exitCode === 0;
}
