import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';

/** Rows of a large table that are one file of a backup. */
export interface RowRange {
  /** Its name in the folder `large-tables`. */
  readonly file: string;
  /** `schema.table`, quoted as SQL wants it. */
  readonly table: string;
  /** Quoted, with commas between them. */
  readonly columns: string;
  /** First page, and the page after the last one; null: to the end of the table. */
  readonly from: number;
  readonly to: number | null;
}

/** The text of `ranges.tsv`, which loadRanges.sh reads: a line for each range. */
export function writeRanges(ranges: readonly RowRange[]): string {
  return ranges
    .map(({ file, table, columns, from, to }) => `${[file, table, columns, from, to ?? ''].join('\t')}\n`)
    .join('');
}

const identifier = String.raw`(?:"(?:[^"\t]|"")+"|[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*)`;
const line = new RegExp(
  String.raw`^(\d+\.\d+\.copy\.(?:zst|gz))\t(${identifier})\.(${identifier})\t(${identifier}(?:, ${identifier})*)\t(\d+)\t(\d*)$`,
);

/** As a restore reads it: `id` is `schema.table` without quotes. */
export type FoundRange = Pick<RowRange, 'file' | 'table' | 'columns'> & { readonly id: string };

/**
 * A restore puts the names into COPY as they are: a line that tv does not write, and one of a system table,
 * is a problem.
 */
function parseRanges(text: string): {
  readonly ranges: readonly FoundRange[];
  readonly problems: readonly string[];
} {
  const ranges: FoundRange[] = [];
  const problems: string[] = [];
  const files = new Set<string>();
  for (const [index, found] of text.split('\n').slice(0, -1).entries()) {
    const [, file, schema = '', table = '', columns = ''] = line.exec(found) ?? [];
    if (file === undefined || files.has(file) || /^"?(pg_|information_schema)/i.test(schema)) {
      problems.push(`line ${index + 1} of ranges.tsv is not one of tv`);
      continue;
    }
    files.add(file);
    const id = `${unquote(schema)}.${unquote(table)}`;
    ranges.push({ file, table: `${schema}.${table}`, columns, id });
  }
  if (text !== '' && !text.endsWith('\n')) problems.push('ranges.tsv ends in the middle');
  return { ranges, problems };
}

/**
 * The list of a backup of the form `ranges`.
 * @throws TvError where it cannot be read
 */
export async function readRangeList(
  database: Database,
  { run, path, signal }: { readonly run: Host['run']; readonly path: string; readonly signal?: AbortSignal },
) {
  const text = await runHostScript(database, {
    run,
    script: 'cat -- "$1/large-tables/ranges.tsv"',
    args: [path],
    code: 'backup.unreadable',
    failure: 'The list of the rows of large tables cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  });
  return parseRanges(text);
}

/** `"odd ""name"` → `odd "name`. */
export function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
