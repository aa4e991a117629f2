import { TvError } from '../errors/TvError.ts';

export type EnvQuote = '' | "'" | '"';

/** One assignment in a `.env` file, and where its value stands in the text. */
export interface EnvEntry {
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
  readonly quote: EnvQuote;
  /** Offset of the key. */
  readonly keyStart: number;
  /** Offsets of the value as written, its quotes included. */
  readonly start: number;
  readonly end: number;
}

// The dialect is python-dotenv's, which TempoVault's services read their settings with
// (github.com/theskumar/python-dotenv, parser.py), but for `KEY= # note`: an empty value with a
// comment, as in a shell. Values are taken as they stand: `${NAME}` is not expanded.
const head = /[^\S\r\n]*(?:export[^\S\r\n]+)?([^=#\s]+)[^\S\r\n]*=([^\S\r\n]*)/y;
const singleQuoted = /'((?:\\'|[^'])*)'/y;
const doubleQuoted = /"((?:\\"|[^"])*)"/y;
const unquoted = /[^\r\n]*/y;
const restOfEntry = /[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)/y;
const restOfLine = /[^\r\n]*(?:\r\n|\n|\r|$)/y;

/**
 * Reads all assignments of a `.env` file in order: comments, blank lines, `export`, spaces around
 * `=`, single and double quotes (over several lines too), escapes, comments behind a value, any
 * line ending, a byte order mark. A line that is none of these is passed over.
 */
export function parseEnvFile(text: string): EnvEntry[] {
  const entries: EnvEntry[] = [];
  let position = text.startsWith('\uFEFF') ? 1 : 0;
  while (position < text.length) {
    const found = matchAt(head, text, position);
    const key = found?.[1];
    if (found !== undefined && key !== undefined) {
      const value = readValue(text, position + found[0].length, found[2] ?? '');
      if (value !== undefined) {
        const tail = matchAt(restOfEntry, text, value.end);
        if (tail !== undefined) {
          const keyStart = position + found[0].indexOf(key, exportLength(found[0]));
          entries.push({ key, line: lineAt(text, keyStart), keyStart, ...value });
          position = value.end + tail[0].length;
          continue;
        }
        position = value.end;
      }
    }
    position += Math.max(1, matchAt(restOfLine, text, position)?.[0].length ?? 1);
  }
  return entries;
}

type Value = Pick<EnvEntry, 'value' | 'quote' | 'start' | 'end'>;

function readValue(text: string, start: number, space: string): Value | undefined {
  const first = text[start];
  if (first === "'" || first === '"') {
    const found = matchAt(first === "'" ? singleQuoted : doubleQuoted, text, start);
    if (found === undefined) return undefined;
    const value = first === "'" ? unescapeSingle(found[1] ?? '') : unescapeDouble(found[1] ?? '');
    return { value, quote: first, start, end: start + found[0].length };
  }
  const line = matchAt(unquoted, text, start)?.[0] ?? '';
  const comment = space !== '' && first === '#' ? 0 : line.search(/\s#/);
  const value = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
  // An empty value stands right behind the `=`, so that what follows keeps its distance.
  if (value === '') return { value, quote: '', start: start - space.length, end: start - space.length };
  return { value, quote: '', start, end: start + value.length };
}

/** The value that a program would see: the last one, where a key occurs more than once. */
export function readEnvValue(text: string, key: string): string | undefined {
  return parseEnvFile(text).findLast((entry) => entry.key === key)?.value;
}

/**
 * Sets one value and leaves every other byte of the file as it is: order, comments, spacing, line
 * endings, and the quoting of that line where the value allows it. A key that is not there is
 * added at the end.
 * @throws TvError where the key occurs more than once, or where it cannot be told what it means
 */
export function setEnvValue(text: string, key: string, value: string): string {
  if (!/^[A-Za-z_]\w*$/.test(key)) throw new TvError(`"${key}" is not a name for an environment variable.`);
  if (/[\r\n\0]/.test(value)) throw new TvError(`The value for ${key} contains a line break.`);
  const entries = parseEnvFile(text);
  const [entry, ...more] = entries.filter((each) => each.key === key);
  if (entry !== undefined && more.length > 0) {
    throw new TvError(`${key} is set more than once in the .env file.`, {
      facts: { lines: [entry, ...more].map(({ line }) => line).join(', ') },
      next: `leave one line with ${key}: programs differ in which one they take`,
    });
  }
  const obscure = obscureLine(text, key, entry);
  if (obscure !== undefined) {
    throw new TvError(`Line ${obscure} of the .env file sets ${key} in a way that cannot be read reliably.`, {
      next: `look at line ${obscure}: a quote is not closed, or it stands inside another value`,
    });
  }
  const changed =
    entry === undefined
      ? append(text, `${key}=${quote(value, '')}`)
      : text.slice(0, entry.start) + quote(value, entry.quote) + text.slice(entry.end);
  assertOnlyChange(entries, parseEnvFile(changed), key, value);
  return changed;
}

/** A line that looks like an assignment of `key` to the eye, or to another parser, but not to ours. */
function obscureLine(text: string, key: string, entry: EnvEntry | undefined): number | undefined {
  const lookalike = new RegExp(`^([^\\S\\r\\n]*(?:export[^\\S\\r\\n]+)?)${key}[^\\S\\r\\n]*=`, 'gm');
  for (const match of text.matchAll(lookalike)) {
    const keyStart = match.index + (match[1] ?? '').length;
    if (keyStart !== entry?.keyStart) return lineAt(text, keyStart);
  }
  return undefined;
}

function quote(value: string, style: EnvQuote): string {
  if (style === '' && /^[\w./:@%+,=-]*$/.test(value)) return value;
  if (style !== '"' && !/['\\]/.test(value)) return `'${value}'`;
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function append(text: string, line: string): string {
  const newline = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const unfinished = text !== '' && text !== '\uFEFF' && !/[\r\n]$/.test(text);
  return `${text}${unfinished ? newline : ''}${line}${newline}`;
}

function assertOnlyChange(
  before: readonly EnvEntry[],
  after: readonly EnvEntry[],
  key: string,
  value: string,
) {
  const rest = (entries: readonly EnvEntry[]) =>
    JSON.stringify(entries.filter((entry) => entry.key !== key).map((entry) => [entry.key, entry.value]));
  const mine = after.filter((entry) => entry.key === key);
  if (mine.length === 1 && mine[0]?.value === value && rest(before) === rest(after)) return;
  throw new TvError(`${key} cannot be set in this .env file without changing what else it says.`, {
    next: `set ${key} by hand`,
  });
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescapeSingle(raw: string): string {
  return raw.replaceAll(/\\([\\'])/g, '$1');
}

function unescapeDouble(raw: string): string {
  return raw.replaceAll(/\\([\\'"abfnrtv])/g, (_, letter: string) => escapes[letter] ?? letter);
}

function exportLength(matched: string): number {
  return /^[^\S\r\n]*(?:export[^\S\r\n]+)?/.exec(matched)?.[0].length ?? 0;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text) ?? undefined;
}
