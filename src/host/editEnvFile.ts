import { TvError } from '../errors/TvError.ts';
import { type EnvEntry, type EnvQuote, lineAt, parseEnvFile } from './envFile.ts';

/**
 * Sets one value and leaves every other byte of the file as it is: order, comments, spacing, line
 * endings, and the quoting of that line where the value allows it. A key that is not there is
 * added at the end.
 * @throws TvError where the key occurs more than once, or its meaning is ambiguous
 */
export function setEnvValue(text: string, key: string, value: string): string {
  if (/[\r\n\0]/.test(value))
    throw new TvError('env-file.unwritable-value', `The value for ${key} contains a line break.`);
  // A program would replace it by another setting.
  if (/\$\{[^}]*\}/.test(value))
    throw new TvError('env-file.unwritable-value', `The value for ${key} contains a reference, \${…}.`);
  // `"…\\"` is an end to some parsers and an escaped quote to others, older python-dotenv among them.
  if (value.endsWith('\\'))
    throw new TvError('env-file.unwritable-value', `The value for ${key} ends with a backslash.`);
  const entry = findOne(text, key);
  const changed =
    entry === undefined
      ? append(text, `${key}=${quote(value, '')}`)
      : text.slice(0, entry.start) + quote(value, entry.quote) + text.slice(entry.end);
  assertOnlyChange(text, changed, key, value);
  return changed;
}

/**
 * Takes the line that sets `key` out and leaves every other byte of the file as it is: the reverse
 * of `setEnvValue` having added it. Without such a line the text stays as it is.
 * @throws TvError as `setEnvValue`
 */
export function unsetEnvValue(text: string, key: string): string {
  const entry = findOne(text, key);
  if (entry === undefined) return text;
  const before = text.slice(0, entry.keyStart).replace(/[^\r\n\uFEFF]*$/, '');
  const after = text.slice(entry.end).replace(/^[^\r\n]*(\r\n|\n|\r|$)/, '');
  const endedWithoutBreak = after === '' && !/[\r\n]$/.test(text);
  const changed = endedWithoutBreak ? before.replace(/(\r\n|\n|\r)$/, '') : before + after;
  assertOnlyChange(text, changed, key, undefined);
  return changed;
}

/** The one entry of `key`. @throws TvError where there are several, or it is ambiguous */
function findOne(text: string, key: string): EnvEntry | undefined {
  if (!/^[A-Za-z_]\w*$/.test(key))
    throw new TvError('env-file.unwritable-value', `"${key}" is not a name for an environment variable.`);
  const [entry, ...more] = parseEnvFile(text).filter((each) => each.key === key);
  if (entry !== undefined && more.length > 0) {
    throw new TvError('env-file.ambiguous', `${key} is set more than once in the .env file.`, {
      facts: { lines: [entry, ...more].map(({ line }) => line).join(', ') },
      next: `leave one line with ${key}: programs differ in which one they take`,
    });
  }
  const obscure = obscureLine(text, key, entry);
  if (obscure === undefined) return entry;
  throw new TvError(
    'env-file.ambiguous',
    `Line ${obscure} of the .env file sets ${key} in a way that cannot be read reliably.`,
    {
      next: `correct line ${obscure}: a quote is not closed, or the assignment is inside another value`,
    },
  );
}

/** A line that a person or another parser reads as an assignment of `key`, and this one does not. */
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

/** A file without a line break at its end stays so. */
function append(text: string, line: string): string {
  const newline = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const complete = text === '' || text === '\uFEFF' || /[\r\n]$/.test(text);
  return complete ? `${text}${line}${newline}` : `${text}${newline}${line}`;
}

function assertOnlyChange(before: string, after: string, key: string, value: string | undefined): void {
  const entries = parseEnvFile(after);
  const rest = (all: readonly EnvEntry[]) =>
    JSON.stringify(
      all.filter((entry) => entry.key !== key).map((entry) => [entry.key, entry.value, entry.raw]),
    );
  const mine = entries.filter((entry) => entry.key === key);
  const asWanted = value === undefined ? mine.length === 0 : mine.length === 1 && mine[0]?.value === value;
  if (asWanted && rest(parseEnvFile(before)) === rest(entries)) return;
  throw new TvError(
    'env-file.ambiguous',
    `${key} cannot be changed in this .env file without changing what else it says.`,
    {
      next: `edit ${key} by hand`,
    },
  );
}
