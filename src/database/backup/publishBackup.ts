import { createHash } from 'node:crypto';
import { TvError } from '../../errors/TvError.ts';
import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import flush from './flushBackup.sh';
import { type BackupManifest, isFolder, writeManifest } from './manifest.ts';
import type { BackupMarks } from './marks.ts';
import rename from './publishBackup.sh';
import writeWhole from './writeWhole.sh';

export interface PublishBackupParameters {
  readonly run: Host['run'];
  readonly partial: string;
  readonly path: string;
}

/**
 * Puts the manifest and the first marks to a backup that has been read back. It has no name yet.
 * @returns the SHA-256 of the manifest's file, in hex
 */
export async function describeBackup(
  { run, partial, path }: PublishBackupParameters,
  { manifest, marks }: { readonly manifest: BackupManifest; readonly marks: BackupMarks },
): Promise<string> {
  const text = writeManifest(manifest);
  const start = isFolder(manifest.form) ? `${partial}/` : `${path}.`;
  const [manifestPath, marksPath] = [`${start}manifest.json`, `${start}marks.json`];
  for (const { file, input } of [
    { file: manifestPath, input: text },
    { file: marksPath, input: `${JSON.stringify(marks)}\n` },
  ]) {
    const words = ['sh', '-c', writeWhole, 'tv', file, String(Buffer.byteLength(input))];
    const written = await run(words, { input });
    if (written.exitCode !== 0) {
      throw new TvError('backup.not-written', 'The manifest of the backup cannot be written.', {
        facts: { file, said: written.stderr.trim().split('\n').at(-1) },
      });
    }
  }
  return createHash('sha256').update(text).digest('hex');
}

/** Gives a backup its name, at once, when all of it is on disk. */
export async function publishBackup(
  database: Database,
  { run, partial, path }: PublishBackupParameters,
): Promise<void> {
  const common = {
    run,
    args: [path, partial],
    code: 'backup.not-written' as const,
    failure: 'The backup was written but cannot be put in its place.',
    facts: { backup: path },
  };
  await runHostScript(database, { ...common, script: flush });
  // Apart from the long work above: where tv is killed, that continues without it, and must not then
  // give the name to what a resumed run has begun to write.
  await runHostScript(database, { ...common, script: rename });
}
