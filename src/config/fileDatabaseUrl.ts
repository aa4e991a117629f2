import type { Advice } from '../errors/advice.ts';
import type { ProcessEnv } from './configPaths.ts';
import { rawText, words as wordsSchema } from './keys.ts';
import type { FileValue } from './parseConfig.ts';
import type { SettingsProblem } from './settings.ts';

/** Runs a command whose output is a secret. */
export type RunSecretCommand = (
  words: readonly string[],
) => Promise<{ readonly text: string } | { readonly failure: string }>;

export type FileUrl =
  | { readonly raw: string; readonly where: string }
  | { readonly problem: SettingsProblem };

/**
 * The database URL as a file gives it: itself (`url`), as the output of a command (`urlCommand`)
 * or as the name of a variable that holds it (`urlEnv`). Where the source named yields nothing,
 * that is an error: another source could be another database.
 * @param run undefined: a URL that a command prints is not read
 */
export async function fileDatabaseUrl(
  path: string,
  values: ReadonlyMap<string, FileValue>,
  env: ProcessEnv,
  run: RunSecretCommand | undefined,
): Promise<FileUrl | undefined> {
  const ways = ['database.url', 'database.urlCommand', 'database.urlEnv'].filter((key) => values.has(key));
  const way = ways[0];
  const value = way === undefined ? undefined : values.get(way);
  if (way === undefined || value === undefined) return undefined;
  const where = `${path}:${value.line}`;
  const fail = (message: string, next: Advice, facts: Readonly<Record<string, string>> = {}): FileUrl => ({
    problem: { level: 'error', message, where, key: 'database.url', facts, next },
  });
  if (ways.length > 1) {
    return fail('The database URL is given in more than one way.', `keep one of them in ${path}`, {
      given: ways.join(', '),
    });
  }
  if (way === 'database.url') return { raw: rawText(value.raw), where };
  if (way === 'database.urlEnv') {
    const name = rawText(value.raw);
    const raw = env[name];
    return raw ? { raw, where: `$${name} (${where})` } : fail(`$${name} is not set.`, `export ${name}=…`);
  }
  const words = wordsSchema().safeParse(value.raw).data ?? [];
  if (words.length === 0) {
    return fail('database.urlCommand is malformed.', `correct line ${value.line} of ${path}`, {
      expected: 'words, or a list of words',
    });
  }
  if (run === undefined) return undefined;
  const answer = await run(words);
  if ('text' in answer) return { raw: answer.text, where: `${where} (urlCommand)` };
  return fail('The command that prints the database URL failed.', `run it by hand: ${words.join(' ')}`, {
    reason: answer.failure,
  });
}
