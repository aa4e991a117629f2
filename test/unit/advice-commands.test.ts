import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { importsOf } from '../../scripts/imports.ts';
import { parse, sharedFlags } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import type { AnyRunbook } from '../../src/engine/engine.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { describeAll } from '../../src/operations/documents/runbookDocument.ts';
import { registry } from '../../src/registry.generated.ts';
import type { InputFields } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import { refusalOf } from '../support/refusalOf.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A command of tv as advice has it: its words. */
const advised = /\btv: \[((?:[^[\]]|\[[^\]]*\])*)\]/g;
/** One of them: a literal, or an expression replaced by a value. */
const word = /'((?:[^'\\]|\\.)*)'|([^,\s][^,]*)/g;

interface Advised {
  readonly place: string;
  readonly words: readonly string[];
}

/** Without the text in brackets: the arguments of an expression are no words of the command. */
function withoutNested(list: string): string {
  const flat = list.replace(/\([^()[\]]*\)|\[[^()[\]]*\]/g, '');
  return flat === list ? list : withoutNested(flat);
}

/** Every command that the program advises, with values in place of its expressions. */
const lines: readonly Advised[] = ['runbooks', 'src'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('artifacts') && !file.endsWith('advice.ts'))
    .flatMap((file) => {
      const text = readFileSync(`${root}${folder}/${file}`, 'utf8').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
      return [...text.matchAll(advised)].map(([, list = '']) => ({
        place: `${folder}/${file}`,
        words: [...withoutNested(list).matchAll(word)].flatMap(([, literal, expression = '']) =>
          literal === undefined ? (expression.startsWith('...') ? [] : ['X']) : [literal],
        ),
      }));
    }),
);

it('every command of tv that is advised is taken by its own parser', async () => {
  expect(lines.length).toBeGreaterThan(150);
  const problems = await Promise.all(
    lines.map(async ({ place, words }) => {
      // Of an expression for several words only the rest is known; a schedule has other words by this name.
      const known = words.length === 0 || place.includes('schedule') || words.includes('--help');
      const problem = known ? undefined : await refusalOf(words);
      return problem === undefined ? [] : [`${place}: tv ${words.join(' ')}: ${problem}`];
    }),
  );
  expect(problems.flat()).toEqual([]);
});

/** Modules of src and runbooks without comments and type imports, by path. */
const modules = new Map<string, string>(
  ['runbooks', 'src'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'))
      .map((file) => {
        const text = readFileSync(`${root}${folder}/${file}`, 'utf8')
          .replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '')
          .replace(/^(import|export) type [^;]*;/gm, '');
        return [`${folder}/${file}`, text] as const;
      }),
  ),
);

/** All that a module loads, itself included. */
function loadedBy(path: string, found = new Set<string>()): ReadonlySet<string> {
  const text = modules.get(path);
  if (text === undefined || found.has(path)) return found;
  found.add(path);
  for (const each of importsOf({ path, text })) loadedBy(each, found);
  return found;
}

/** Flags that a module advises for the same call again, as data or in words. */
function flagsToAdd(text: string): readonly string[] {
  const again = [...text.matchAll(/\bagain: \[([^\]]*)\]/g)].flatMap(([, list = '']) => [
    ...list.matchAll(/'(--[a-z-]+)/g),
  ]);
  const inWords = [...text.matchAll(/\b(?:same command|it again) with (--[a-z-]+)/g)];
  const afterNext = [...text.replace(advised, '').matchAll(/\bnext: (?:\[[^\]]*\]|['`][^\n]*)/g)].flatMap(
    ([expression]) =>
      [...expression.matchAll(/(['`])((?:(?!\1)[^\n])*)\1/g)].flatMap(([, , literal = '']) => [
        ...literal.matchAll(/(?:^|, | or | with )(--[a-z-]+)/g),
      ]),
  );
  return [...new Set([...again, ...inWords, ...afterNext].map(([, flag = '']) => flag))];
}

/** Advice by which not every command that loads the module is meant: flags, and who sees to that. */
const conditional: Readonly<Record<string, readonly string[]>> = {
  // The command whose plan is in the file is meant.
  'src/journal/planFile.ts': ['--dry-run'],
  'runbooks/plan/approve.ts': ['--dry-run'],
  // Parsers of the values of these flags.
  'src/chain/pairs/pair.ts': ['--pair'],
  'src/chain/treasury/amount.ts': ['--amount'],
  'src/chain/oracle/fundAccount.ts': ['--fund'],
  // Only where the caller replaces transactions, or hands them out unsigned.
  'src/chain/preflight/checkSending.ts': ['--replace', '--safe'],
};

it('a flag to add to the same call is one that each command with this advice has', async () => {
  const commands = await Promise.all(
    registry.map(async (entry) => {
      const command = (await entry.load()).default;
      const own = Object.values(command.input as InputFields);
      const flags = [
        ...own.map(({ flag }) => flag),
        ...sharedFlags(entry, command).map(({ flags }) => flags),
      ];
      return {
        ...{
          name: entry.command,
          kind: command.kind,
          loads: loadedBy(`runbooks/${entry.command.replaceAll(' ', '/')}.ts`),
        },
        flags: new Set(flags.flatMap((text) => text.match(/--[a-z-]+/) ?? [])),
      };
    }),
  );
  const advised = [...modules].flatMap(([path, text]) => flagsToAdd(text).map((flag) => ({ path, flag })));
  expect(advised.length).toBeGreaterThan(20);
  const wrong = advised.flatMap(({ path, flag }) =>
    conditional[path]?.includes(flag) === true
      ? []
      : commands
          // The engine runs every runbook.
          .filter(
            ({ kind, loads }) => loads.has(path) || (path.startsWith('src/engine/') && kind === 'runbook'),
          )
          .filter(({ flags }) => !flags.has(flag))
          .map(({ name }) => `${path}: tv ${name} has no ${flag}`),
  );
  expect(wrong).toEqual([]);
});

/** Where a command of tv occurs in a text that is printed: it would not get this call's flags. */
const inText =
  /['"`](?:(?:[^'"`\n]*: )?tv (?:status|resume|runs|config|oracle|emergency|breaker|db|reindex|-e|\$\{) ?)[^'"`]*['"`]/g;
/** This call once more, as a text. */
const callInText = /\bthe same command (?:again\b|with -)/g;

it('no advice is a text with a command in it', () => {
  const texts = ['runbooks', 'src'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('artifacts'))
      .flatMap((file) => {
        const text = readFileSync(`${root}${folder}/${file}`, 'utf8').replace(
          /^\s*(\/\/|\*|\/\*\*).*$/gm,
          '',
        );
        const found = [...text.matchAll(/\bnext(?:: |\()(\[[^\]]*|[^\]\n]*)/g)].flatMap(
          ([, advice = '']) => advice.match(inText) ?? [],
        );
        const again = file === 'errors/advice.ts' ? [] : (text.match(callInText) ?? []);
        return [...found, ...again].map((line) => `${folder}/${file}: ${line}`);
      }),
  );
  expect(texts).toEqual([]);
});

/** Every runbook's steps, planned from facts of its example that `change` has changed. */
const plans = async (change: (facts: Json) => Json = (facts) => facts) =>
  (
    await Promise.all(registry.map(async ({ command, load }) => [command, (await load()).default] as const))
  ).flatMap(([command, loaded]) => {
    if (loaded.kind !== 'runbook') return [];
    const { plan, example } = loaded as AnyRunbook;
    return plan(change(example.facts as Json), example.input).map((step) => ({ place: command, step }));
  });

it('every plan line and undo that is a command of tv is taken by its own parser', async () => {
  const found = (await plans()).flatMap(({ place, step }) =>
    [step.command, step.afterwards === undefined ? '' : plainAdvice(step.afterwards)]
      .filter((line) => line.startsWith('tv '))
      .map((line) => ({ place, line })),
  );
  expect(found.length).toBeGreaterThan(8);
  const problems = await Promise.all(
    found.map(async ({ place, line }) => {
      const { entry, rest } = findCommand(registry, words(line).slice(1));
      if (entry === undefined) return [`${place}: ${line}: no such command`];
      const command = (await entry.load()).default;
      try {
        parse(entry, command, rest);
        // What no command does without is not left out.
        return entry.command.startsWith('breaker ') && !/ --(pair|all)\b/.test(line)
          ? [`${place}: ${line}: which pair?`]
          : [];
      } catch (error) {
        return [`${place}: ${line}: ${error instanceof Error ? error.message : String(error)}`];
      }
    }),
  );
  expect(problems.flat()).toEqual([]);
});

it('every plan line is one for a shell: programs of the host, tv and cast, with a node to ask', async () => {
  const programs =
    /^(systemctl|journalctl|timeout|psql|pg_dump|pg_restore|createdb|dropdb|gzip|tail|sha256sum|sed|rm|mv|tee|nginx|true|rclone|tv|cast|#) ?/;
  const wrong = (await plans()).flatMap(({ place, step: { command } }) => {
    const calls = command.split(/ (?:&&|\|\|) /);
    const lacksNode = /^cast (send|call)/.test(command) && !command.includes('--rpc-url "$RPC_URL"');
    return calls.every((call) => programs.test(call)) && !lacksNode ? [] : [`${place}: ${command}`];
  });
  expect(wrong).toEqual([]);
});

it('every plan line of cast runs on this machine, one of tv as a call of tv, all others on the host', async () => {
  const wrong = (await plans()).flatMap(({ place, step: { command, runs } }) => {
    const [program] = command.split(' ');
    const expected = program === 'tv' ? 'tv' : program === 'cast' || program === '#' ? 'here' : undefined;
    return runs === expected ? [] : [`${place}: ${command}: ${runs}`];
  });
  expect(wrong).toEqual([]);
});

it('paths and names with a blank are one word of every plan line', async () => {
  const withBlank = (value: Json): Json => {
    if (typeof value === 'string' && /^\/[a-z]/.test(value)) return `/a b${value}`;
    if (Array.isArray(value)) return value.map(withBlank);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        key === 'name' && each === 'tempovault' ? 'tempo vault' : withBlank(each),
      ]),
    );
  };
  const lines = (await plans(withBlank)).filter(({ step }) => /a b\/|tempo vault/.test(step.command));
  expect(lines.length).toBeGreaterThan(8);
  const split = lines.filter(({ step }) => {
    const bare = step.command.replace(/'[^']*'|"[^"]*"/g, 'quoted');
    return /a b\/|tempo vault/.test(bare);
  });
  expect(split.map(({ place, step }) => `${place}: ${step.command}`)).toEqual([]);
});

/** Split as a POSIX shell splits a line without expansions. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}

it('the exported runbook has no address that anything could be sent to', async () => {
  const text = await describeAll(registry, '1.0.0');
  expect(text.match(/0x[0-9a-fA-F]{40,}|0x[0-9a-fA-F]{4}…/g)).toBe(null);
  expect(text).toMatch(/`[^`]*\$[A-Z_]+[^`]*`/);
});
