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

/**
 * Removes what interrupted backups and removals have left. Gone already is no error.
 * @throws TvError where one stays
 */
export async function removeLeft(
  run: Host['run'],
  { paths }: { readonly paths: readonly string[] },
): Promise<void> {
  const { exitCode, stderr } = await run(['rm', '-rf', '--', ...paths], { timeoutMs: 0 });
  if (exitCode === 0) return;
  throw new TvError(
    'backup.not-written',
    'What an interrupted backup or removal has left cannot be removed.',
    {
      facts: { said: stderr.trim().split('\n').at(-1) || `exit code ${exitCode}` },
    },
  );
}
