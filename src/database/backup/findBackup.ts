import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { visible } from '../../text/outsideText.ts';
import {
  type Backup,
  type BackupList,
  listBackups,
  readableAdvice,
  unsupportedAdvice,
} from './listBackups.ts';

export interface FindBackupParameters {
  readonly run: Host['run'];
  readonly directory: string;
  /** A name as `tv db backups` shows it, its beginning where only one has it, or a path; also a link to one. */
  readonly wanted: string;
}

/** @throws TvError where there is none, more than one that begins like this, or one that may not be read */
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
  const script = '[ ! -L "$1" ] || LC_ALL=C realpath -ez -- "$1"';
  const { exitCode, stdout, stderr } = await run(['sh', '-c', script, 'tv', path]);
  const said = stderr.trim().split('\n').at(-1) ?? '';
  // A link to nothing is no backup, and there is no other of that name.
  if (exitCode !== 0 && !said.endsWith('No such file or directory')) {
    throw new TvError('backup.unreadable', 'Where the link to the backup leads to cannot be read.', {
      facts: { link: path, said: said || `exit code ${exitCode}` },
    });
  }
  return stdout.replace(/\0$/, '') || path;
}

/** @throws TvError where there is none, or more than one that begins like this */
function pickBackup(list: BackupList, wanted: string): Backup {
  const { backups, directory, unusable, unsupported } = list;
  const exact = backups.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const denied = list.unreadable.map(({ name }) => name).filter((name) => name.startsWith(wanted));
  const alike = backups.filter(({ name }) => name.startsWith(wanted));
  const [only] = alike;
  const [closed] = denied;
  if (closed !== undefined && (denied.includes(wanted) || alike.length === 0)) {
    throw new TvError('backup.unreadable', `This user may not read the backup "${closed}".`, {
      facts: { folder: directory },
      next: readableAdvice(directory),
    });
  }
  if (only !== undefined && alike.length + denied.length === 1) return only;
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
        ...(alike.length === 0 ? {} : { backups: [...alike.map(({ name }) => name), ...denied].join(', ') }),
      },
      next: { tv: ['db', 'backups'] },
    },
  );
}
