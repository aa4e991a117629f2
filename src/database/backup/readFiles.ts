import { type Advice, onHost } from '../../errors/advice.ts';
import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import type { Backup } from './listBackups.ts';
import { type BackupFile, type BackupForm, isFolder } from './manifest.ts';
import script from './readFiles.sh';

export interface ReadFilesParameters {
  readonly run: Host['run'];
  readonly backup: { readonly path: string; readonly form: BackupForm };
  /** Files read at once. */
  readonly jobs: number;
  /** Set: sums and sizes only; nothing is uncompressed. */
  readonly sumsOnly?: boolean;
  readonly signal?: AbortSignal;
}

function installMissing(said: string): readonly Advice[] {
  const program = /\b(gzip|zstd) is not installed/.exec(said)?.[1];
  return program === undefined ? [] : [onHost(`apt-get install ${program}`)];
}

/** Programs of the host that uncompress what is in a backup, as far as its manifest or its form says so. */
export function programsToRead({ form, manifest }: Pick<Backup, 'form' | 'manifest'>): readonly string[] {
  const names = manifest?.files.map(({ path }) => path) ?? [form === 'sql.gz' ? '.gz' : ''];
  const by = [
    { program: 'gzip', ending: '.gz' },
    { program: 'zstd', ending: '.zst' },
  ];
  return by.filter(({ ending }) => names.some((name) => name.endsWith(ending))).map(({ program }) => program);
}

/** The ending of a compressed file. */
export const compressed = /\.(gz|zst)$/;

/**
 * Reads every byte of a backup's files, several files at once.
 * @returns also the number of lines by the name of the file without its compression's ending
 */
export async function readFiles(database: Database, parameters: ReadFilesParameters) {
  const { run, backup, jobs, sumsOnly, signal } = parameters;
  const { path, form } = backup;
  const slash = path.lastIndexOf('/');
  const linesToo = sumsOnly ? 'no' : 'yes';
  const output = await runHostScript(database, {
    run,
    script,
    args: isFolder(form)
      ? [path, String(jobs), '.', linesToo]
      : [path.slice(0, slash) || '/', String(jobs), path.slice(slash + 1), linesToo],
    code: 'backup.unreadable',
    failure: 'The backup cannot be read.',
    facts: { backup: path },
    next: installMissing,
    ...(signal === undefined ? {} : { signal }),
  });
  const files: BackupFile[] = [];
  const lines = new Map<string, number>();
  const problems: string[] = [];
  for (const line of output.split('\n').filter((text) => text !== '')) {
    const [sha256 = '', bytes, count = '', ...rest] = line.split('\t');
    const name = rest.join('\t');
    files.push({ path: name, bytes: Number(bytes), sha256 });
    if (count === 'damaged') problems.push(`${name} is damaged: it cannot be uncompressed to its end`);
    else if (count !== '-')
      lines.set(name.slice(name.lastIndexOf('/') + 1).replace(compressed, ''), Number(count));
  }
  return { files, lines, problems };
}
