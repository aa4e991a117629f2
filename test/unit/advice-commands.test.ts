import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { shelf } from '../../runbooks/index.ts';
import { parseWords } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import { describeAll, withPlaceholders } from '../../src/runbook/document.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A command of tv in a text of the program: at its beginning, or behind a condition. */
const advised = /(?:['"`]|: )tv ((?:[^'"`\\\n]|\\n)+)['"`]/g;

interface Advised {
  readonly place: string;
  readonly line: string;
}

/** Every line of the program that begins with `tv `, with values in place of its expressions. */
const lines: readonly Advised[] = ['runbooks', 'src'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('artifacts'))
    .flatMap((file) => {
      const text = readFileSync(`${root}${folder}/${file}`, 'utf8')
        // Comments are not shown to anybody.
        .replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
      return [...text.matchAll(advised)].map(([, line = '']) => ({
        place: `${folder}/${file}`,
        line: line
          .replace(/\\n/g, '  ')
          .replace(/\$\{[^}]*\}/g, 'X')
          .trim(),
      }));
    }),
);

/** Sentences of descriptions and errors, with a command at their beginning. Not advice. */
const prose =
  /^(db prune never removes|config check lists them|emergency unwind cancels them|runs undo$|runbook export|db \$\{)/;

/** Words of a sentence, or a part of a command that is put together elsewhere. */
const isCommand = ({ line }: Advised) => {
  // An expression within an expression is not taken apart.
  if (prose.test(line) || line.includes('${') || line.includes('=>')) return false;
  const { entry } = findCommand(shelf, line.split(/ +/));
  return entry !== undefined || shelf.some(({ command }) => command.split(' ')[0] === line.split(' ')[0]);
};

async function problemOf({ line }: Advised): Promise<string | undefined> {
  // What follows an ellipsis, a comma or a second column is text.
  const words =
    line
      .split(/[,;…(|]| {2,}/)[0]
      ?.trim()
      .split(' ') ?? [];
  if (words.includes('--help') || words.length === 1) return undefined;
  const problem = await refusal(words);
  // Cut off at the quotes of a value.
  if (problem !== undefined && words.at(-1)?.startsWith('--')) return refusal([...words, 'X']);
  // An expression at the end may stand for flags.
  return problem !== undefined && words.at(-1) === 'X' ? refusal(words.slice(0, -1)) : problem;
}

async function refusal(words: readonly string[]): Promise<string | undefined> {
  const { entry, rest } = findCommand(shelf, words);
  if (entry === undefined) return 'no such command';
  try {
    parseWords(entry, (await entry.load()).default, rest);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

it('every command of tv that the program prints is taken by its own parser', async () => {
  const commands = lines.filter(isCommand);
  expect(commands.length).toBeGreaterThan(80);
  const problems = await Promise.all(
    commands.map(async (advice) => {
      const problem = await problemOf(advice);
      return problem === undefined ? [] : [`${advice.place}: tv ${advice.line}: ${problem}`];
    }),
  );
  expect(problems.flat()).toEqual([]);
});

it('the exported runbook has no address that anything could be sent to', async () => {
  const text = await describeAll(shelf, '1.0.0');
  expect(text.match(/0x[0-9a-fA-F]{40,}|0x[0-9a-fA-F]{4}…/g)).toBe(null);
  expect(text).toMatch(/`[^`]*\$[A-Z_]+[^`]*`/);
});

it('an address is named by its fact, in every spelling', () => {
  const address = '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc';
  const named = withPlaceholders({
    facts: { oldAddress: address, holders: [address, `0x${'1'.repeat(40)}`] },
  });
  expect(
    named(`revoke ${address.toLowerCase()} (0x9965…A4dc) from 0x${'1'.repeat(40)} by 0x${'2'.repeat(40)}`),
  ).toBe('revoke $OLD_ADDRESS ($OLD_ADDRESS) from $HOLDERS by $ADDRESS');
});
