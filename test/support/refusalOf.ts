import { parseWords } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';

/** Why tv's own parser does not take these words, which follow `tv`; undefined where it does. */
export async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  const { entry, rest } = findCommand(registry, words);
  if (entry === undefined) return 'no such command';
  try {
    parseWords(entry, (await entry.load()).default, rest);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
