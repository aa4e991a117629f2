import type { Document, LineCounter } from 'yaml';
import * as z from 'zod';
import type { Advice } from '../errors/advice.ts';
import { maskUrlsIn } from '../text/maskUrl.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { fileKeys, isGroup, type Key, keyNames, keyOf, type Raw } from './keys.ts';
import type { SettingsProblem } from './settings.ts';
import { suggest } from './suggest.ts';

export interface FileValue {
  readonly raw: Raw;
  /** Counted from 1. */
  readonly line: number;
}

export interface FileEnvironment {
  /** By dotted key: `chain.rpcUrls`. */
  readonly values: ReadonlyMap<string, FileValue>;
  /** What is wrong with its structure. Its values are not checked here. */
  readonly problems: readonly SettingsProblem[];
}

export interface ConfigContent {
  readonly default: FileValue | undefined;
  readonly environments: ReadonlyMap<string, FileEnvironment>;
  /** What is wrong with the file as a whole. */
  readonly problems: readonly SettingsProblem[];
}

/** Keys from the top of the file to a value. */
type Path = readonly string[];

/** Names become parts of paths (locks) and answers to questions. */
const environmentName = /^[A-Za-z0-9][\w.-]*$/;
/** Aliases that a file may use, each use counted. One that repeats a block for ten environments has ten. */
const mostAliases = 200;
/** In place of an alias that refers to nothing: malformed wherever it occurs, and in its own environment only. */
const noValue = [{}];

/** Parses a configuration file, with the line of every value. Loads the YAML parser. */
export async function parseConfig(file: string, text: string): Promise<ConfigContent> {
  const { yaml } = await import('./yamlLibrary.ts');
  const lines = new yaml.LineCounter();
  const broken = (line: number, code: string): ConfigContent => ({
    default: undefined,
    environments: new Map(),
    problems: [notYaml(file, line, code)],
  });
  let document: Document;
  let tree: unknown;
  try {
    // Without warnings, which Node would print and which may quote the file.
    document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    const [error] = document.errors;
    if (error !== undefined) return broken(lines.linePos(error.pos[0]).line, error.code);
    let aliases = 0;
    yaml.visit(document, {
      // As it was written: YAML takes an address without quotes for a number, and rounds it.
      Scalar: (_, scalar) => {
        if (scalar.value !== null && typeof scalar.value !== 'string') scalar.value = scalar.source;
      },
      Alias: (_, alias, ancestors) => {
        aliases += 1;
        if (aliases > mostAliases) throw new RangeError('too many aliases');
        const target = alias.resolve(document);
        if (target === undefined) return document.createNode(noValue);
        if (ancestors.includes(target)) throw new RangeError('an alias within its own anchor');
        return undefined;
      },
    });
    tree = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    // Too many aliases (a ReferenceError of `toJS` where they multiply), or nesting deeper than the stack.
    if (error instanceof ReferenceError || error instanceof RangeError) return broken(1, 'TANGLED');
    throw error;
  }
  return new Reader(file, (path) => lineOf(yaml, document, lines, path)).content(tree);
}

/** Of the last key of a path. */
function lineOf(yaml: typeof import('yaml'), document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const name of path) {
    if (yaml.isAlias(node)) node = node.resolve(document);
    if (!yaml.isMap(node)) break;
    const pair = node.items.find(({ key }) => yaml.isScalar(key) && key.value === name);
    if (yaml.isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset;
    node = pair?.value;
  }
  return lines.linePos(offset).line;
}

class Reader {
  readonly #map = z.record(z.string(), z.unknown());
  readonly #value = z.union([z.string(), z.array(z.string())]);
  readonly #mapOfValues = z.union([this.#value, z.record(z.string(), this.#value)]);
  readonly #file: string;
  readonly #lineOf: (path: Path) => number;

  constructor(file: string, lineOf: (path: Path) => number) {
    this.#file = file;
    this.#lineOf = lineOf;
  }

  content(tree: unknown): ConfigContent {
    const problems: SettingsProblem[] = [];
    const environments = new Map<string, FileEnvironment>();
    let standard: FileValue | undefined;
    for (const [name, value] of this.#entries(tree, [], 'the file', problems)) {
      if (name === 'default') {
        const facts = { expected: 'the name of an environment' };
        if (typeof value === 'string' || value === null) {
          standard = { raw: value ?? '', line: this.#lineOf([name]) };
        } else problems.push(this.#problem('default is malformed.', [name], facts));
      } else if (name === 'environments') {
        for (const [each, settings] of this.#entries(value, [name], name, problems)) {
          const path = [name, each];
          if (environmentName.test(each)) environments.set(each, this.#environment(settings, path));
          else {
            const expected = 'a letter or digit, then letters, digits, dots, dashes or underscores';
            problems.push(
              this.#problem(`"${each}" cannot be the name of an environment.`, path, { expected }),
            );
          }
        }
      } else problems.push(this.#unknown(name, [name], '', ['default', 'environments']));
    }
    return { default: standard, environments, problems };
  }

  #environment(node: unknown, path: Path): FileEnvironment {
    const problems: SettingsProblem[] = [];
    const values = new Map<string, FileValue>();
    this.#settings(node, path, '', values, problems);
    return { values, problems };
  }

  #settings(
    node: unknown,
    path: Path,
    prefix: string,
    values: Map<string, FileValue>,
    problems: SettingsProblem[],
  ): void {
    for (const [name, value] of this.#entries(
      node,
      path,
      prefix.slice(0, -1) || 'an environment',
      problems,
    )) {
      const key = prefix + name;
      const at = [...path, name];
      if (fileKeys.includes(key)) {
        if (value === null) continue;
        const map = mapSetting(key);
        const raw = (map === undefined ? this.#value : this.#mapOfValues).safeParse(value);
        if (raw.success) values.set(key, { raw: raw.data, line: this.#lineOf(at) });
        else {
          const facts = { expected: map?.expected ?? 'one value, or a list of values' };
          problems.push(this.#problem(`${key} is malformed.`, at, facts, key));
        }
      } else if (isGroup(key)) {
        this.#settings(value, at, `${key}.`, values, problems);
      } else {
        const problem = this.#unknown(name, at, prefix, below(prefix));
        // At the top it may be a misspelled `host`, on which everything depends.
        problems.push(prefix === '' ? problem : { ...problem, key });
      }
    }
  }

  /** The entries of a map; none where it is left empty. */
  #entries(
    node: unknown,
    path: Path,
    what: string,
    problems: SettingsProblem[],
  ): readonly (readonly [string, unknown])[] {
    if (node === null || node === undefined) return [];
    const map = this.#map.safeParse(node);
    if (map.success) return Object.entries(map.data);
    const facts = { expected: 'lines of key: value' };
    problems.push(this.#problem(`${what} is malformed.`, path, facts, isGroup(what) ? what : undefined));
    return [];
  }

  #unknown(name: string, path: Path, prefix: string, known: readonly string[]): SettingsProblem {
    const meant = suggest(name, known);
    const facts: Readonly<Record<string, string>> =
      meant === undefined ? { 'known here': known.join(', ') } : { 'did you mean': `${prefix}${meant}` };
    return this.#problem(`${prefix}${name} is not a setting.`, path, facts);
  }

  #problem(
    message: string,
    path: Path,
    facts: Readonly<Record<string, string>>,
    key?: string,
  ): SettingsProblem {
    const line = this.#lineOf(path);
    return {
      level: 'fatal',
      message: withoutKeys(maskUrlsIn(message)),
      where: `${this.#file}:${line}`,
      ...(key === undefined ? {} : { key }),
      facts,
      next: correct(this.#file, line),
    };
  }
}

/** A setting that is a map in a file: what is below it belongs to it. */
function mapSetting(name: string): Pick<Key<unknown>, 'expected'> | undefined {
  const found = keyNames.find((known) => known === name);
  return found !== undefined && keyOf(found).map === true ? keyOf(found) : undefined;
}

/** The names that may follow a prefix such as `chain.`. */
function below(prefix: string): readonly string[] {
  const names = fileKeys
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length).split('.')[0] ?? '');
  return [...new Set(names)];
}

function correct(file: string, line: number): Advice {
  return { when: `correct line ${line} of ${file}, then`, tv: ['config', 'check'] };
}

/** The parser's own messages quote the file, which may hold a password. */
const reasons: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab where YAML needs spaces',
  BAD_INDENT: 'the indentation does not match the lines above',
  DUPLICATE_KEY: 'the same key twice',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key:" on one line; put quotes around a value with ": " in it',
  MULTILINE_IMPLICIT_KEY: 'a line without "key:"',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes around it',
  BAD_DQ_ESCAPE: 'a backslash in double quotes; use single quotes',
  UNEXPECTED_TOKEN: 'unexpected characters',
  MULTIPLE_DOCS: 'a second document (---)',
  TANGLED: 'aliases that multiply or refer to themselves, or nesting deeper than any setting',
  BAD_ALIAS: 'a value that begins with * or & needs quotes around it',
};

function notYaml(file: string, line: number, code: string): SettingsProblem {
  return {
    level: 'fatal',
    message: 'The configuration file is not valid YAML.',
    where: `${file}:${line}`,
    facts: { reason: reasons[code] ?? code.toLowerCase().replaceAll('_', ' ') },
    next: correct(file, line),
  };
}
