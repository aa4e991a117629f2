import type { AnyCommand, CommandDefinition, InputField, InputFields } from '../runbook/define.ts';
import type { Vocabulary } from './words.ts';

/** Names that depend on the machine. A list is read only when a word of its kind is completed. */
export interface CompletionSources {
  environments(): Promise<readonly string[]>;
  pairs(): Promise<readonly string[]>;
  runs(): Promise<readonly string[]>;
  backups(): Promise<readonly string[]>;
  settings(): Promise<readonly string[]>;
  services(): Promise<readonly string[]>;
}

/** Flags and arguments whose values come from a source. The values of others come from their schema. */
const valueSources: Readonly<Record<string, keyof CompletionSources>> = {
  '-e': 'environments',
  '--env': 'environments',
  '--confirm': 'environments',
  '--pair': 'pairs',
  run: 'runs',
  backup: 'backups',
  key: 'settings',
  service: 'services',
};

/**
 * Candidates for the last of `typed`, the words after `tv`; it may be empty or incomplete.
 * Without candidates the shell completes file names.
 */
export async function complete(
  registry: readonly CommandDefinition[],
  typed: readonly string[],
  vocabulary: Vocabulary,
  sources: CompletionSources,
): Promise<readonly string[]> {
  const current = typed.at(-1) ?? '';
  const before = typed.slice(0, -1);
  const { entry, words } = vocabulary.findCommand(registry, before);
  const command = entry === undefined ? undefined : (await entry.load()).default;
  const found = await offer(registry, { before, words, entry, command, current }, vocabulary, sources);
  return [...new Set(found)].filter((word) => word.startsWith(current));
}

interface Line {
  readonly before: readonly string[];
  /** Those of `before` that are no flags, nor values of common flags. */
  readonly words: readonly string[];
  readonly entry: CommandDefinition | undefined;
  readonly command: AnyCommand | undefined;
  readonly current: string;
}

async function offer(
  registry: readonly CommandDefinition[],
  { before, words, entry, command, current }: Line,
  { withValue, commonNames }: Vocabulary,
  sources: CompletionSources,
): Promise<readonly string[]> {
  const fields = Object.values((command?.input ?? {}) as InputFields);
  const flag = before.at(-1) ?? '';
  const field = fields.find((one) => namesOf(one).includes(flag));
  if (withValue.has(flag) || (field !== undefined && /[<[]/.test(field.flag))) {
    return valuesOf(flag, field, sources);
  }
  if (current.startsWith('-')) {
    const own = fields.flatMap(namesOf).filter((name) => name.startsWith('-'));
    return [...own, ...commonNames(command)];
  }
  if (words[0] === 'help') return nextWords(registry, words.slice(1));
  const next = nextWords(registry, words);
  if (entry === undefined) return words.length === 0 ? [...next, 'help'] : next;
  // Its argument is the name of a command.
  if (entry.command === 'runbook show' || entry.command === 'schema') {
    return nextWords(registry, words.slice(entry.command.split(' ').length));
  }
  const given = words.length - entry.command.split(' ').length;
  const args = fields.filter((one) => !one.flag.startsWith('-'));
  const argument = args[Math.max(0, given)] ?? args.findLast((one) => one.flag.includes('...'));
  if (argument === undefined) return next;
  return [...next, ...(await valuesOf(namesOf(argument)[0] ?? '', argument, sources))];
}

/** The words that come after these in the name of a command. */
function nextWords(registry: readonly CommandDefinition[], words: readonly string[]): readonly string[] {
  const names = registry.flatMap(({ command, aliases = [] }) => [command, ...aliases]);
  return names.flatMap((name) => {
    const parts = name.split(' ');
    return words.every((word, index) => parts[index] === word) ? (parts[words.length] ?? []) : [];
  });
}

/** `--pair` of `--pair <pair...>`, `-n` and `--lines` of `-n, --lines <count>`, `run` of `[run]`. */
function namesOf({ flag }: InputField): readonly string[] {
  if (!flag.startsWith('-')) return [flag.replace(/[<>[\].]/g, '')];
  return flag.split(/,? /).filter((word) => word.startsWith('-'));
}

async function valuesOf(
  name: string,
  field: InputField | undefined,
  sources: CompletionSources,
): Promise<readonly string[]> {
  const source = valueSources[name];
  return source === undefined ? choicesOf(field) : sources[source]();
}

/** The values of an enumeration, also where it is optional, has a default, or is one form of several. */
function choicesOf(field: InputField | undefined): readonly string[] {
  return choicesIn(field?.schema);
}

function choicesIn(given: unknown): readonly string[] {
  for (let schema = given; typeof schema === 'object' && schema !== null; ) {
    const options: unknown = Reflect.get(schema, 'options');
    if (Array.isArray(options) && options.every((option) => typeof option === 'string')) return options;
    // A union: whatever its members offer.
    if (Array.isArray(options)) return options.flatMap((option) => choicesIn(option));
    const definition: unknown = Reflect.get(schema, 'def');
    schema = typeof definition === 'object' && definition !== null && Reflect.get(definition, 'innerType');
  }
  return [];
}
