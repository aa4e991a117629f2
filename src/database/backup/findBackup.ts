import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { visible } from '../../text/outsideText.ts';
import { type Backup, type BackupList, listBackups, unsupportedAdvice } from './listBackups.ts';

export interface FindBackupParameters {
  readonly run: Host['run'];
  readonly directory: string;
  /** A name as `tv db backups` shows it, its beginning where only one has it, or a path; also a link to one. */
  readonly wanted: string;
}

/** @throws TvError where there is none, or more than one that begins like this */
export async function findBackup({ run, directory, wanted }: FindBackupParameters): Promise<Backup> {
  const named = wanted.replace(/\/+$/, '');
  const path = await resolveLink(run, named.includes('/') ? named : `${directory}/${named}`);
  const slash = path.lastIndexOf('/');
  return pickBackup(
    await listBackups({ run, directory: path.slice(0, slash) || '/' }),
    path.slice(slash + 1),
  );
}

/** A link (`latest`) is another name: what is found out about a backup is kept with the backup itself. */
async function resolveLink(run: Host['run'], path: string): Promise<string> {
  const script = '[ ! -L "$1" ] || realpath -ez -- "$1"';
  const { stdout } = await run(['sh', '-c', script, 'tv', path]);
  return stdout.replace(/\0$/, '') || path;
}

/** @throws TvError where there is none, or more than one that begins like this */
function pickBackup({ backups, directory, unusable, unsupported }: BackupList, wanted: string): Backup {
  const exact = backups.find(({ name }) => name === wanted);
  const alike = backups.filter(({ name }) => name.startsWith(wanted));
  const [only] = alike;
  const found = exact ?? (alike.length === 1 ? only : undefined);
  if (found !== undefined) return found;
  const shown = visible(wanted);
  if (unusable.includes(shown)) {
    throw new TvError(
      'backup.unsupported',
      `The name "${shown}" has characters in it that tv does not take: give it another one.`,
      {
        facts: { folder: directory },
      },
    );
  }
  const [other] = alike.length === 0 ? unsupported.filter((name) => name.startsWith(wanted)) : [];
  if (other !== undefined) {
    throw new TvError('backup.unsupported', `"${other}" is a kind of backup that tv does not read.`, {
      facts: { folder: directory, supported: '.sql, .sql.gz, .dump (pg_dump -Fc), a folder (pg_dump -Fd)' },
      next: unsupportedAdvice(directory, other),
    });
  }
  throw new TvError(
    alike.length === 0 ? 'backup.not-found' : 'backup.ambiguous',
    alike.length === 0 ? `There is no backup "${shown}".` : `"${shown}" is the beginning of several backups.`,
    {
      facts: {
        folder: directory,
        ...(alike.length === 0 ? {} : { backups: alike.map(({ name }) => name).join(', ') }),
      },
      next: { tv: ['db', 'backups'] },
    },
  );
}
