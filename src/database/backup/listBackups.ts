import { type Advice, onHost } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { visible } from '../../text/outsideText.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import script from './listBackups.sh';
import {
  archiveFolder,
  archiveOf,
  type BackupForm,
  type BackupManifest,
  isFolder,
  readManifest,
} from './manifest.ts';
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

export type UnreadableBackup = {
  readonly name: string;
  /** ISO 8601: of its last change, so it is not older than that. */
  readonly changedAt: string;
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
  /**
   * What this user may not read, in whole or in part, newest first: backups, and folders that may be one. What is in
   * them, and whether they are sound or pinned, is unknown.
   */
  readonly unreadable: readonly UnreadableBackup[];
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
  const { entries, times, files, denied } = parseListing(stdout);
  const unreadable: UnreadableBackup[] = [];
  const leftovers: BackupList['leftovers'][number][] = [];
  const backups: Backup[] = [];
  const unusable: string[] = [];
  const unsupported: string[] = [];
  for (const { kind, name, manifest, marks } of entries) {
    const shown = visible(name.toString('utf8'));
    if (!Buffer.from(shown, 'utf8').equals(name)) {
      unusable.push(shown);
      continue;
    }
    // A folder's own time changes with every mark that is put into it.
    const dated =
      times.get(`${shown}/${archiveFolder.directory}/toc.dat`) ??
      times.get(`${shown}/${archiveFolder.ranges}/toc.dat`) ??
      times.get(`${shown}/toc.dat`) ??
      times.get(shown);
    // Removed while the folder was read.
    if (dated === undefined) continue;
    // To the millisecond: two backups of one second have an order too.
    const changedAt = new Date(Math.round(dated * 1000)).toISOString();
    const path = `${directory}/${shown}`;
    if (kind === 'unsupported') {
      unsupported.push(shown);
    } else if (kind === 'leftover') {
      leftovers.push({ path, changedAt });
    } else if (kind === 'unreadable' || denied.has(shown) || manifest === null || marks === null) {
      unreadable.push({ name: shown, changedAt });
    } else {
      const form = kind as BackupForm;
      backups.push(
        describe({ form, path, changedAt, manifest, marks, files: files.get(shown) ?? new Map() }),
      );
    }
  }
  backups.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.name < b.name ? 1 : -1));
  unreadable.sort((a, b) => Date.parse(b.changedAt) - Date.parse(a.changedAt) || (a.name < b.name ? 1 : -1));
  return { directory, backups, leftovers, unusable, unreadable, unsupported };
}

interface Found {
  readonly form: BackupForm;
  readonly path: string;
  readonly changedAt: string;
  readonly manifest: string | undefined;
  readonly marks: string | undefined;
  readonly files: ReadonlyMap<string, number>;
}

function describe({ form: kind, path, changedAt, manifest: text, marks, files }: Found): Backup {
  const read = text === undefined ? undefined : readManifest(text);
  const manifest = read !== undefined && 'manifest' in read ? read.manifest : null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  // The list of its ranges says it too, where the manifest is damaged.
  const form = kind === 'directory' && files.has('large-tables/ranges.tsv') ? 'ranges' : kind;
  const isOurs = isFolder(form) && !files.has('toc.dat');
  return {
    name,
    path,
    form,
    archive: isOurs ? archiveOf(path, form) : path,
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
  return isFolder(form) && !files.has('toc.dat') && !files.has(`${archiveFolder[form]}/toc.dat`)
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

interface Listing {
  readonly entries: readonly {
    readonly kind: string;
    readonly name: Buffer;
    /** Undefined: there is no such file; null: this user may not read it. */
    readonly manifest: string | undefined | null;
    readonly marks: string | undefined | null;
  }[];
  /** Of the last change, by path below the folder: in seconds. */
  readonly times: ReadonlyMap<string, number>;
  /** By name of the backup, then by path below it. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Names of backups of which this user may not read a part. */
  readonly denied: ReadonlySet<string>;
}

/** @param output of the script */
function parseListing(output: string): Listing {
  // A character for a byte: of hundreds of backups, thousands of fields are cut out faster so than as buffers.
  const fields = Buffer.from(output, 'base64').toString('latin1').split('\0').slice(0, -1);
  const entries: Listing['entries'][number][] = [];
  const times = new Map<string, number>();
  const files = new Map<string, Map<string, number>>();
  const denied = new Set<string>();
  let at = 0;
  const next = () => fields[at++] ?? '';
  for (let kind = next(); kind !== ''; kind = next()) {
    const name = Buffer.from(next(), 'latin1');
    entries.push({ kind, name, manifest: textOf(next()), marks: textOf(next()) });
  }
  while (at < fields.length) {
    const type = next();
    const path = utf8Of(next().slice('./'.length));
    const bytes = Number(next());
    times.set(path, Number(next()));
    if (type !== 'f' && type !== '!') continue;
    const slash = path.indexOf('/');
    const name = slash < 0 ? path : path.slice(0, slash);
    if (type === '!') {
      denied.add(name);
      continue;
    }
    const inside = files.get(name) ?? new Map<string, number>();
    files.set(name, inside.set(slash < 0 ? '' : path.slice(slash + 1), bytes));
  }
  return { entries, times, files, denied };
}

function textOf(field: string): string | undefined | null {
  if (field === '!') return null;
  return field === '-' ? undefined : utf8Of(field.slice(1));
}

/** @param bytes a character for each */
function utf8Of(bytes: string): string {
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** Names, newest first, of what may be a newer backup than this one, and may not be read. @param backup default: none */
export function unreadableSince(
  { unreadable }: Pick<BackupList, 'unreadable'>,
  backup: Pick<Backup, 'createdAt'> | undefined,
): readonly string[] {
  const since = backup === undefined ? Number.NEGATIVE_INFINITY : Date.parse(backup.createdAt);
  return unreadable.filter(({ changedAt }) => Date.parse(changedAt) >= since).map(({ name }) => name);
}

/** As many as one line has room for. */
export function someOf(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

/** @param directory of the backups */
export function readableAdvice(directory: string): Advice {
  return onHost(`sudo ls -la ${quoteForShell(directory)}`, 'run tv as the user that owns them, such as root');
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
