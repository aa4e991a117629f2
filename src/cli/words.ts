import type { CommandDefinition } from '../runbook/define.ts';
import { alone, commonNames, withValue } from './commonFlags.ts';

export interface Words {
  readonly entry: CommandDefinition | undefined;
  /** The arguments without the command's own words. */
  readonly rest: readonly string[];
  /** The words that are not flags or their values. */
  readonly words: readonly string[];
}

/**
 * Finds the command in the arguments. Common flags may be before or between its words. A word after a flag of the
 * command's own may be that flag's value, and ends the search.
 */
export function findCommand(registry: readonly CommandDefinition[], argv: readonly string[]): Words {
  const places: number[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (withValue.has(word)) index += 1;
    else if (!word.startsWith('-')) places.push(index);
    else if (!isCommon(word)) break;
  }
  const words = places.map((place) => argv[place] ?? '');
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const name = words.slice(0, length).join(' ');
    const entry = registry.find(
      ({ command, aliases }) => command === name || aliases?.includes(name) === true,
    );
    if (entry !== undefined) {
      const own = new Set(places.slice(0, length));
      return { entry, rest: argv.filter((_, index) => !own.has(index)), words };
    }
  }
  return { entry: undefined, rest: argv, words };
}

/** `tv help oracle fund` is `tv oracle fund --help`; `tv help` alone is `tv --help`. */
export function helpWordToFlag(
  registry: readonly CommandDefinition[],
  argv: readonly string[],
): readonly string[] {
  if (findCommand(registry, argv).words[0] !== 'help') return argv;
  const at = argv.findIndex((word, index) => word === 'help' && !withValue.has(argv[index - 1] ?? ''));
  return [...argv.slice(0, at), ...argv.slice(at + 1), '--help'];
}

/** The environment that the arguments name. */
export function namedEnvironment(argv: readonly string[]): string | undefined {
  const index = argv.findIndex((word) => /^(-e|--env$|--env=)/.test(word));
  const word = argv[index] ?? '';
  return word === '-e' || word === '--env' ? argv[index + 1] : word.replace(/^(-e|--env)=?/, '') || undefined;
}

/** The first flag that has no meaning without a command. */
export function strangeFlag(argv: readonly string[]): string | undefined {
  return argv.find((word, index) => {
    const isValue = withValue.has(argv[index - 1] ?? '');
    return word.startsWith('-') && !isValue && !withValue.has(word) && !isCommon(word);
  });
}

function isCommon(flag: string): boolean {
  return alone.has(flag) || /^-e./.test(flag) || withValue.has(flag.replace(/=.*/, ''));
}

/** The command that was probably meant. Loads the search, which most calls never need. */
export async function nearest(
  registry: readonly CommandDefinition[],
  words: readonly string[],
): Promise<string | undefined> {
  const { suggest } = await import('../config/suggest.ts');
  const commands = registry.map(({ command }) => command);
  const begun = commands.filter((command) => command.startsWith(words.slice(0, 3).join(' ')));
  if (begun.length === 1) return begun[0];
  // A command of three words is nearest to what was typed in three words.
  return (
    suggest(words.slice(0, 3).join(' '), commands) ??
    (words.length > 2 ? suggest(words.slice(0, 2).join(' '), commands) : undefined)
  );
}

/** The parts of this file that completion needs, passed by the entry, which has loaded them already. */
export const vocabulary = { findCommand, namedEnvironment, withValue, commonNames } as const;
export type Vocabulary = typeof vocabulary;
