import { TvError } from '../../errors/TvError.ts';
import { outsideText } from '../../text/outsideText.ts';
import type { BackupFile } from './manifest.ts';
import type { BackupMarks } from './marks.ts';

export type CopyMark = NonNullable<BackupMarks['copied']>;

/** Whether something other than the program's own exit code has proven that a backup's copy holds what the backup does. */
export function hasVerifiedCopy({ marks: { copied } }: { readonly marks: BackupMarks }): boolean {
  return copied !== undefined && copied.how !== 'exit-code' && copied.problems.length === 0;
}

const proofs: Readonly<Record<CopyMark['how'], string>> = {
  'exit-code': 'by the exit code alone',
  size: 'by sizes',
  sum: 'by sums',
  read: 'fetched and read',
  restored: 'fetched and restored',
};

/** What a copy rests on, as a part of a sentence. */
export function describeProof(how: CopyMark['how']): string {
  return proofs[how];
}

/** What the placeholders of a command stand for. */
export interface Placeholders {
  readonly path: string;
  readonly name: string;
}

/**
 * The words of a command with its placeholders replaced, each once: a name that looks like a placeholder stays.
 * @throws TvError where a name would be taken for an option
 */
export function expandWords(words: readonly string[], values: Placeholders): readonly string[] {
  return words.map((word) => {
    const expanded = word.replaceAll(/\{(path|name)\}/g, (_, which: keyof Placeholders) => values[which]);
    if (expanded.startsWith('-') && !word.startsWith('-')) {
      throw new TvError('backup.not-copied', 'The name of the backup would be taken for an option.', {
        facts: { backup: values.name },
        next: 'give it a name that does not begin with a hyphen',
      });
    }
    return expanded;
  });
}

/** One file that a check has named. */
export interface ListedFile {
  /** As the check prints it; empty where it prints none. */
  readonly path: string;
  readonly value: { readonly sha256: string } | { readonly bytes: number };
}

/** In characters; a path has at most 4096 bytes (PATH_MAX). */
const longestLine = 8_192;
const sumLine = /^\\?([0-9a-fA-F]{64})(?:[ \t]+\*?(.*))?$/;
const sizeLine = /^[ \t]*(\d{1,15})[ \t]+(.+)$/;

/**
 * What is plain in the output of a check: `SHA256  FILE` as of sha256sum and `rclone hashsum`, `SIZE FILE` as of
 * `rclone ls` and `stat -c '%s %n'`. Any other line is left out.
 */
export function readListing(output: string): readonly ListedFile[] {
  return output.split('\n').flatMap((text): readonly ListedFile[] => {
    const line = text.replace(/\r$/, '');
    if (line.length > longestLine) return [];
    const sum = sumLine.exec(line);
    if (sum !== null) return [{ path: pathOf(sum[2]), value: { sha256: (sum[1] ?? '').toLowerCase() } }];
    const size = sizeLine.exec(line);
    return size === null ? [] : [{ path: pathOf(size[2]), value: { bytes: Number(size[1]) } }];
  });
}

/** sha256sum calls its standard input `-`. */
function pathOf(text = ''): string {
  return text === '-' ? '' : text.replace(/^(\.\/)+/, '');
}

export interface JudgeCopyParameters {
  /** The name of the backup. */
  readonly name: string;
  /** What the copy has to hold; of a backup that is one file, that file alone. */
  readonly files: readonly BackupFile[];
  readonly isFolder: boolean;
  readonly listing: readonly ListedFile[];
}

/** In the facts of one copy; the rest is counted. */
const mostNamed = 3;

/**
 * Compares what a check has listed with what was to be copied. Every file has to be named, by its path below the
 * backup or below a folder of the backup's name.
 * @returns `sum` only where every file has a sum
 */
export function judgeCopy({ name, files, isFolder, listing }: JudgeCopyParameters): {
  readonly how: 'sum' | 'size';
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const missing: string[] = [];
  let summed = 0;
  for (const { path, bytes, sha256 } of files) {
    const own = listing.filter((listed) => isNamed(listed.path, path, name, isFolder));
    const sums = own.flatMap(({ value }) => ('sha256' in value ? [value.sha256] : []));
    const sizes = own.flatMap(({ value }) => ('bytes' in value ? [value.bytes] : []));
    if (own.length === 0) missing.push(path);
    const otherSize = sizes.find((size) => size !== bytes);
    if (otherSize !== undefined) problems.push(`${path} has ${otherSize} bytes in the copy, not ${bytes}`);
    if (sums.some((sum) => sum !== sha256)) problems.push(`${path} has another checksum in the copy`);
    if (sums.length > 0) summed += 1;
  }
  if (listing.length === 0) {
    problems.push('the check lists no file: no line is a SHA-256 or a size, and a path');
  } else if (missing.length > 0) {
    const of = files.length === 1 ? '' : ` (${missing.length} of ${files.length} files)`;
    problems.push(`the check does not list ${missing.slice(0, mostNamed).join(', ')}${of}`);
  }
  return { how: summed === files.length ? 'sum' : 'size', problems: shortened(problems) };
}

function isNamed(listed: string, path: string, name: string, isFolder: boolean): boolean {
  const inFolder = isFolder ? `${name}/${path}` : path;
  return (
    listed === path || listed === inFolder || listed.endsWith(`/${inFolder}`) || (!isFolder && listed === '')
  );
}

function shortened(problems: readonly string[]): readonly string[] {
  const more = problems.length - mostNamed;
  return [...problems.slice(0, mostNamed), ...(more > 0 ? [`${more} more like these`] : [])].map((problem) =>
    outsideText(problem),
  );
}
