import { onHost } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { visible } from '../../text/outsideText.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import script from './listBackups.sh';
import { type BackupForm, type BackupManifest, readManifest } from './manifest.ts';
import { type BackupMarks, readMarks } from './marks.ts';

export type Backup = {
  /** Last part of its path: what an operator calls it. */
  readonly name: string;
  readonly path: string;
  readonly form: BackupForm;
  /** What pg_restore or psql reads. */
  readonly archive: string;
  readonly bytes: number;
  /** ISO 8601: from the manifest, or where there is none the time of the file's last change. */
  readonly createdAt: string;
  /** Null in a backup that another program than tv made, or whose manifest is damaged. */
  readonly manifest: BackupManifest | null;
  readonly marks: BackupMarks;
  /** What is wrong with it at first sight, without reading its data. */
  readonly problems: readonly string[];
};

export type BackupList = {
  readonly directory: string;
  /** Newest first. */
  readonly backups: readonly Backup[];
  /** Paths that an interrupted backup or removal has left. */
  readonly leftovers: readonly { readonly path: string; readonly changedAt: string }[];
  /**
   * Names, as they may be shown, that tv does not work with: not in UTF-8, so that they cannot be said
   * to any program, or with characters in them that steer a terminal.
   */
  readonly unusable: readonly string[];
  /** Names of dumps in a form that tv does not read: another compression, a tar archive. */
  readonly unsupported: readonly string[];
};

/** Exit codes of the script: EX_NOINPUT of sysexits.h, and the number of ENOTDIR. */
const reasons: Readonly<Record<number, string>> = { 66: 'it does not exist', 20: 'it is not a folder' };
/** A gzip file of nothing at all has 20 bytes, with a name in it a few more. */
const emptyGzipBytes = 64;

/**
 * All backups in a folder of the host: tv's own, the runbook's `.sql` and `.sql.gz`, and what other
 * programs made with `pg_dump -Fc` (`.dump`) and `pg_dump -Fd` (a folder). Links are left out.
 * @throws TvError where the folder is not there or cannot be read
 */
export async function listBackups(parameters: {
  readonly run: Host['run'];
  readonly directory: string;
}): Promise<BackupList> {
  const { run, directory } = parameters;
  const { exitCode, stdout, stderr } = await run(['bash', '-c', script, 'tv', directory]);
  if (exitCode !== 0) {
    throw new TvError('backup.folder-unreadable', 'The backup folder cannot be read.', {
      facts: {
        folder: directory,
        reason: reasons[exitCode] ?? stderr.trim().split('\n').at(-1),
      },
      next: [onHost(`ls -la ${quoteForShell(directory)}`), { tv: ['config', 'show'] }],
    });
  }
  const lines = stdout.split('\n').filter((line) => line !== '');
  const leftovers: BackupList['leftovers'][number][] = [];
  const backups: Backup[] = [];
  const unusable: string[] = [];
  const unsupported: string[] = [];
  for (const line of lines) {
    const [kind = '', name = '', mtime = '', manifest = '', marks = '', files = ''] = line.split('\t');
    const shown = visible(decode(name));
    if (encode(shown) !== name) {
      unusable.push(shown);
      continue;
    }
    const path = `${directory}/${shown}`;
    // To the millisecond: two backups of one second have an order too.
    const changedAt = new Date(Math.round(Number(mtime) * 1000)).toISOString();
    if (kind === 'unsupported') {
      unsupported.push(shown);
    } else if (kind === 'leftover') {
      leftovers.push({ path, changedAt });
    } else {
      backups.push(
        describe({
          form: kind as BackupForm,
          path,
          changedAt,
          manifest: manifest === '-' ? undefined : decode(manifest),
          marks: marks === '-' ? undefined : decode(marks),
          files: parseFiles(decode(files)),
        }),
      );
    }
  }
  backups.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.name < b.name ? 1 : -1));
  return { directory, backups, leftovers, unusable, unsupported };
}

interface Found {
  readonly form: BackupForm;
  readonly path: string;
  readonly changedAt: string;
  readonly manifest: string | undefined;
  readonly marks: string | undefined;
  readonly files: ReadonlyMap<string, number>;
}

function describe({ form, path, changedAt, manifest: text, marks, files }: Found): Backup {
  const read = text === undefined ? undefined : readManifest(text);
  const manifest = read !== undefined && 'manifest' in read ? read.manifest : null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isOurs = form === 'directory' && !files.has('toc.dat');
  return {
    name,
    path,
    form,
    archive: isOurs ? `${path}/data` : path,
    bytes: [...files.values()].reduce((sum, size) => sum + size, 0),
    createdAt: manifest?.createdAt ?? changedAt,
    manifest,
    marks: readMarks(marks),
    problems: [
      ...(read !== undefined && 'problem' in read ? [read.problem] : []),
      ...(text === undefined && isOurs ? ['its manifest is missing'] : []),
      ...(manifest === null ? atFirstSight(form, files) : differences(manifest, files, name)),
    ],
  };
}

/** Without a manifest there is only this to go by. */
function atFirstSight(form: BackupForm, files: ReadonlyMap<string, number>): readonly string[] {
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  if (bytes === 0 || (form === 'sql.gz' && bytes < emptyGzipBytes)) return ['it is empty'];
  return form === 'directory' && !files.has('toc.dat') && !files.has('data/toc.dat')
    ? ['its table of contents (toc.dat) is missing']
    : [];
}

function differences(
  manifest: BackupManifest,
  files: ReadonlyMap<string, number>,
  name: string,
): readonly string[] {
  const single = manifest.form === 'sql.gz';
  return manifest.files.flatMap(({ path, bytes }) => {
    // A single file is found under no name of its own below itself.
    const found = files.get(single ? '' : path);
    const shown = single ? name : path;
    if (found === undefined) return [`${shown} is missing`];
    return found === bytes ? [] : [`${shown} has ${found} bytes, not ${bytes}`];
  });
}

function parseFiles(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.lastIndexOf('\t')), Number(line.slice(line.lastIndexOf('\t') + 1))]),
  );
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

const decompress: Readonly<Record<string, string>> = {
  xz: 'xz -dk',
  zst: 'zstd -d',
  bz2: 'bzip2 -dk',
  lz4: 'lz4 -d',
  gz: 'gzip -dk',
  zip: 'unzip',
};

/** What to do with a dump that tv does not read. @param name one of `BackupList.unsupported` */
export function unsupportedAdvice(directory: string, name: string): string {
  const path = `'${`${directory}/${name}`.replaceAll("'", "'\\''")}'`;
  if (/\.(tar|tar\.gz|tgz)$/.test(name)) return `pg_restore -l ${path}, or unpack it: tar -xf ${path}`;
  return `${decompress[name.slice(name.lastIndexOf('.') + 1)] ?? 'decompress'} ${path}`;
}
