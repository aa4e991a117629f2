import { TvError } from '../../errors/TvError.ts';
import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import type { BackupManifest } from './manifest.ts';
import { writeManifest } from './manifest.ts';
import type { BackupMarks } from './marks.ts';
import script from './publishBackup.sh';

export interface PublishBackupParameters {
  readonly run: Host['run'];
  readonly partial: string;
  readonly path: string;
}

/** Puts the manifest and the first marks to a backup that has been read back. It has no name yet. */
export async function describeBackup(
  { run, partial, path }: PublishBackupParameters,
  { manifest, marks }: { readonly manifest: BackupManifest; readonly marks: BackupMarks },
): Promise<void> {
  const [manifestPath, marksPath] =
    manifest.form === 'directory'
      ? [`${partial}/manifest.json`, `${partial}/marks.json`]
      : [`${path}.manifest.json`, `${path}.marks.json`];
  for (const [file, text] of [
    [manifestPath, writeManifest(manifest)],
    [marksPath, `${JSON.stringify(marks)}\n`],
  ]) {
    const written = await run(['sh', '-c', 'umask 077; cat > "$1" && sync -- "$1"', 'tv', file ?? ''], {
      input: text ?? '',
    });
    if (written.exitCode !== 0) {
      throw new TvError('backup.not-written', 'The manifest of the backup cannot be written.', {
        facts: { file: file, said: written.stderr.trim().split('\n').at(-1) },
      });
    }
  }
}

/** Gives a backup its name, at once, when all of it is on disk. */
export async function publishBackup(
  database: Database,
  { run, partial, path }: PublishBackupParameters,
): Promise<void> {
  await runHostScript(database, {
    run,
    script,
    args: [path, partial],
    code: 'backup.not-written',
    failure: 'The backup was written but cannot be put in its place.',
    facts: { backup: path },
  });
}
