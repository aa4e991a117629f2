export type EnvQuote = '' | "'" | '"';

/** One assignment in a `.env` file, and the place of its value in the text. */
export interface EnvEntry {
  readonly key: string;
  /** As a program sees it: quotes and escapes resolved, `${NAME}` replaced. */
  readonly value: string;
  /** As written, with its `${NAME}`. */
  readonly raw: string;
  /**
   * Names in `${NAME}` that no earlier line sets. A program takes them from its own environment, which
   * is not known here; they are left as they are in `value`.
   */
  readonly unresolved: readonly string[];
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
// (github.com/theskumar/python-dotenv, parser.py and variables.py of 1.2). It replaces `${NAME}` and
// `${NAME:-default}` by what an earlier line sets, in whatever quotes; `$NAME` it leaves.
const head = /[^\S\r\n]*(?:export[^\S\r\n]+)?([^=#\s'][^=#\s]*)[^\S\r\n]*=([^\S\r\n]*)/y;
const singleQuoted = /'((?:\\[\s\S]|[^'\\])*)'/y;
const doubleQuoted = /"((?:\\[\s\S]|[^"\\])*)"/y;
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
  const values = new Map<string, string>();
  const lastOf = { "'": text.lastIndexOf("'"), '"': text.lastIndexOf('"') };
  let position = text.startsWith('\uFEFF') ? 1 : 0;
  // Counted on from the last key: from the start each time, a file of 20 000 lines takes half a minute.
  let line = 1;
  let counted = 0;
  while (position < text.length) {
    const found = matchAt(head, text, position);
    const key = found?.[1];
    if (found !== undefined && key !== undefined) {
      const value = readValue(text, position + found[0].length, found[2] ?? '', lastOf);
      if (value !== undefined) {
        const tail = matchAt(restOfEntry, text, value.end);
        if (tail !== undefined) {
          const keyStart = position + found[0].indexOf(key, exportLength(found[0]));
          const { value: raw, ...where } = value;
          const expanded = expand(raw, values);
          values.set(key, expanded.value);
          line += lineAt(text.slice(counted, keyStart), keyStart - counted) - 1;
          counted = keyStart;
          entries.push({ key, line, keyStart, raw, ...where, ...expanded });
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

const reference = /\$\{([^}:]*)(?::-([^}]*))?\}/g;

function expand(raw: string, values: ReadonlyMap<string, string>): Pick<EnvEntry, 'value' | 'unresolved'> {
  const unresolved: string[] = [];
  const value = raw.replaceAll(reference, (whole, name: string, otherwise: string | undefined) => {
    const known = values.get(name) ?? otherwise;
    if (known === undefined) unresolved.push(name);
    return known ?? whole;
  });
  return { value, unresolved };
}

type Value = Pick<EnvEntry, 'value' | 'quote' | 'start' | 'end'>;

function readValue(
  text: string,
  start: number,
  space: string,
  lastOf: Readonly<Record<"'" | '"', number>>,
): Value | undefined {
  const first = text[start];
  if (first === "'" || first === '"') {
    // Without this a file of open quotes would be searched to its end from each of them.
    if (start >= lastOf[first]) return undefined;
    const found = matchAt(first === "'" ? singleQuoted : doubleQuoted, text, start);
    if (found === undefined) return undefined;
    const value = first === "'" ? unescapeSingle(found[1] ?? '') : unescapeDouble(found[1] ?? '');
    return { value, quote: first, start, end: start + found[0].length };
  }
  const line = matchAt(unquoted, text, start)?.[0] ?? '';
  const comment = space !== '' && first === '#' ? 0 : line.search(/\s#/);
  const value = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
  // An empty value begins right after the `=`, so that what follows keeps its distance.
  if (value === '') return { value, quote: '', start: start - space.length, end: start - space.length };
  return { value, quote: '', start, end: start + value.length };
}

/** The value that a program would see: the last one, where a key occurs more than once. */
export function readEnvValue(text: string, key: string): string | undefined {
  return parseEnvFile(text).findLast((entry) => entry.key === key)?.value;
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

/** The line of an offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text) ?? undefined;
}
