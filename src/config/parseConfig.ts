import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import type { Advice } from '../errors/advice.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { fileKeys, isMapKey, type Raw } from './keys.ts';
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
  /** What is wrong with its structure; its values are not looked at here. */
  readonly problems: readonly SettingsProblem[];
}

export interface ConfigContent {
  readonly default: FileValue | undefined;
  readonly environments: ReadonlyMap<string, FileEnvironment>;
  /** What is wrong with the file as a whole. */
  readonly problems: readonly SettingsProblem[];
}

/** Names become parts of paths (locks) and answers to questions. */
const environmentName = /^[A-Za-z0-9][\w.-]*$/;

/** Takes a configuration file apart, with the line of every value. Loads the YAML parser. */
export async function parseConfig(path: string, text: string): Promise<ConfigContent> {
  const { yaml } = await import('./yamlLibrary.ts');
  const lines = new yaml.LineCounter();
  const none = { default: undefined, environments: new Map() };
  try {
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [error] = document.errors;
    if (error !== undefined) {
      const line = lines.linePos(error.pos[0]).line;
      return { ...none, problems: [notYaml(path, line, error.code)] };
    }
    return new Walk(yaml, path, document, lines).content();
  } catch (error) {
    // The parser descends by recursion, so very deep nesting ends in a RangeError.
    if (!(error instanceof Tangled) && !(error instanceof RangeError)) throw error;
    return { ...none, problems: [notYaml(path, 1, 'TANGLED')] };
  }
}

/** Aliases that a file may use, each use counted. One that repeats a block for ten environments has ten. */
const mostAliases = 200;
/** Of maps and lists within each other; a setting has four. */
const deepest = 10;

/** Aliases that multiply or refer to themselves, or nesting that no setting has. */
class Tangled extends Error {}

type Yaml = typeof import('yaml');

class Walk {
  readonly #yaml: Yaml;
  readonly #path: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  #aliases = 0;

  constructor(yaml: Yaml, path: string, document: Document, lines: LineCounter) {
    this.#yaml = yaml;
    this.#path = path;
    this.#document = document;
    this.#lines = lines;
  }

  content(): ConfigContent {
    const problems: SettingsProblem[] = [];
    const environments = new Map<string, FileEnvironment>();
    let standard: FileValue | undefined;
    for (const { name, value, line } of this.#children(this.#document.contents, 'the file', problems)) {
      if (name === 'default') {
        standard = this.#leaf(value, line);
        if (typeof standard?.raw !== 'string') {
          problems.push(
            this.#wrong('default is malformed.', line, { expected: 'the name of an environment' }),
          );
          standard = undefined;
        }
      } else if (name === 'environments') {
        for (const each of this.#children(value, 'environments', problems)) {
          if (environmentName.test(each.name)) environments.set(each.name, this.#environment(each.value));
          else {
            const expected = 'a letter or digit, then letters, digits, dots, dashes or underscores';
            problems.push(
              this.#wrong(`"${each.name}" cannot be the name of an environment.`, each.line, { expected }),
            );
          }
        }
      } else problems.push(this.#unknown(name, line, '', ['default', 'environments']));
    }
    return { default: standard, environments, problems };
  }

  #environment(node: unknown): FileEnvironment {
    const problems: SettingsProblem[] = [];
    const values = new Map<string, FileValue>();
    this.#settings(node, '', values, problems);
    return { values, problems };
  }

  #settings(
    node: unknown,
    prefix: string,
    values: Map<string, FileValue>,
    problems: SettingsProblem[],
  ): void {
    for (const { name, value, line } of this.#children(
      node,
      prefix.slice(0, -1) || 'an environment',
      problems,
    )) {
      const key = prefix + name;
      if (fileKeys.includes(key)) {
        if (this.#isEmpty(value)) continue;
        const leaf = isMapKey(key)
          ? { raw: JSON.stringify(this.#tree(value)), line }
          : this.#leaf(value, line);
        if (leaf !== undefined) values.set(key, leaf);
        else
          problems.push(
            this.#wrong(`${key} is malformed.`, line, { expected: 'one value, or a list of values' }, key),
          );
      } else if (fileKeys.some((known) => known.startsWith(`${key}.`))) {
        this.#settings(value, `${key}.`, values, problems);
      } else {
        const problem = this.#unknown(name, line, prefix, below(prefix));
        // At the top it may be a misspelled `host`, on which everything depends.
        problems.push(prefix === '' ? problem : { ...problem, key });
      }
    }
  }

  /** The pairs of a map; nothing at all where it is left empty. */
  #children(
    node: unknown,
    what: string,
    problems: SettingsProblem[],
  ): readonly { readonly name: string; readonly value: unknown; readonly line: number }[] {
    const resolved = this.#resolve(node);
    if (this.#isEmpty(resolved)) return [];
    if (!this.#yaml.isMap(resolved)) {
      problems.push(
        this.#wrong(
          `${what} is malformed.`,
          this.#lineOf(resolved),
          { expected: 'lines of key: value' },
          fileKeys.some((known) => known.startsWith(`${what}.`)) ? what : undefined,
        ),
      );
      return [];
    }
    return (resolved as YAMLMap).items.map((pair: Pair) => ({
      name: this.#yaml.isScalar(pair.key) ? String(pair.key.value) : '',
      value: pair.value,
      line: this.#lineOf(pair.key),
    }));
  }

  #leaf(node: unknown, line: number): FileValue | undefined {
    const resolved = this.#resolve(node);
    if (this.#yaml.isScalar(resolved)) return { raw: this.#text(resolved), line };
    if (!this.#yaml.isSeq(resolved)) return undefined;
    const items = resolved.items.map((item) => this.#resolve(item));
    return items.every((item) => this.#yaml.isScalar(item))
      ? { raw: items.map((item) => this.#text(item)), line }
      : undefined;
  }

  /** Maps, lists and the text of single values. */
  #tree(node: unknown, depth = 0): unknown {
    if (depth > deepest) throw new Tangled();
    const resolved = this.#resolve(node);
    if (this.#yaml.isSeq(resolved)) return resolved.items.map((item) => this.#tree(item, depth + 1));
    if (!this.#yaml.isMap(resolved)) return this.#text(resolved);
    return Object.fromEntries(
      (resolved as YAMLMap).items.map(({ key, value }) => [this.#text(key), this.#tree(value, depth + 1)]),
    );
  }

  /** As it was written: YAML takes an address without quotes for a number, and rounds it. */
  #text(node: unknown): string {
    if (!this.#yaml.isScalar(node)) return '';
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  #resolve(node: unknown): unknown {
    if (!this.#yaml.isAlias(node)) return node;
    this.#aliases += 1;
    if (this.#aliases > mostAliases) throw new Tangled();
    return node.resolve(this.#document);
  }

  #isEmpty(node: unknown): boolean {
    return node === null || node === undefined || (this.#yaml.isScalar(node) && node.value === null);
  }

  #lineOf(node: unknown): number {
    const offset = this.#yaml.isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
    return this.#lines.linePos(offset).line;
  }

  #unknown(name: string, line: number, prefix: string, known: readonly string[]): SettingsProblem {
    const meant = suggest(name, known);
    const expected =
      meant === undefined ? { 'known here': known.join(', ') } : { 'did you mean': `${prefix}${meant}` };
    return this.#wrong(`${prefix}${name} is not a setting.`, line, expected);
  }

  #wrong(
    message: string,
    line: number,
    facts: Readonly<Record<string, string>>,
    key?: string,
  ): SettingsProblem {
    const next = correct(this.#path, line);
    const where = `${this.#path}:${line}`;
    return {
      level: 'fatal',
      message: withoutKeys(message),
      where,
      ...(key === undefined ? {} : { key }),
      facts,
      next,
    };
  }
}

/** The names that may follow a prefix such as `chain.`. */
function below(prefix: string): readonly string[] {
  const names = fileKeys
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length).split('.')[0] ?? '');
  return [...new Set(names)];
}

export function correct(path: string, line: number): Advice {
  return { when: `correct line ${line} of ${path}, then`, tv: ['config', 'check'] };
}

/** The parser's own messages quote the file, which may hold a password. */
const reasons: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab where YAML wants spaces',
  BAD_INDENT: 'the indentation does not fit the lines above',
  DUPLICATE_KEY: 'the same key twice',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key:" on one line; put quotes around a value with ": " in it',
  MULTILINE_IMPLICIT_KEY: 'a line without "key:"',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes around it',
  BAD_DQ_ESCAPE: 'a backslash in double quotes; use single quotes',
  UNEXPECTED_TOKEN: 'something that does not belong here',
  MULTIPLE_DOCS: 'a second document (---)',
  TANGLED: 'aliases that multiply or refer to themselves, or nesting deeper than any setting',
  BAD_ALIAS: 'a value that begins with * or & needs quotes around it',
};

function notYaml(path: string, line: number, code: string): SettingsProblem {
  return {
    level: 'fatal',
    message: 'The configuration file is not valid YAML.',
    where: `${path}:${line}`,
    facts: { reason: reasons[code] ?? code.toLowerCase().replaceAll('_', ' ') },
    next: correct(path, line),
  };
}
