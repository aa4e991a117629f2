import { Command, CommanderError, Option } from 'commander';
import { suggest } from '../config/suggest.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { UsageError } from '../errors/TvError.ts';
import type { Answers } from '../runbook/answers.ts';
import type { AnyCommand, CommandDefinition, InputFields } from '../runbook/define.ts';
import type { Json } from '../runbook/json.ts';
import { wrap } from '../text/layout.ts';
import { parseTimeSpan } from '../text/moment.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { commonFlagsOf } from './commonFlags.ts';

/** Flags that every command has. */
export interface GlobalFlags {
  readonly env: string | undefined;
  readonly config: string | undefined;
  /** `--set key=value`, split. */
  readonly set: ReadonlyMap<string, string>;
  readonly json: boolean;
  /** False for `--no-color`, undefined otherwise. */
  readonly color: boolean | undefined;
  readonly full: boolean;
  readonly verbose: boolean;
}

export interface Parsed {
  readonly flags: GlobalFlags;
  readonly answers: Answers;
  readonly input: Json;
}

/**
 * Parses the arguments of one command. Flags, their help and their types come from its input fields.
 * @throws UsageError with exit code 2
 */
export function parse(entry: CommandDefinition, command: AnyCommand, args: readonly string[]): Parsed {
  const program = parseWords(entry, command, args);
  const options = program.opts<Record<string, unknown>>();
  if (options['dryRun'] === true && options['safe'] !== undefined) {
    throw new UsageError('usage.conflicting-flags', '--safe writes a file, and --dry-run changes nothing.', {
      next: ['use --calldata instead of both: it prints the content of the file'],
    });
  }
  const plan = options['plan'] as string | undefined;
  const out = options['out'] as string | undefined;
  if (command.kind === 'runbook' && out !== undefined && options['dryRun'] !== true) {
    throw new UsageError('usage.conflicting-flags', '--out writes the plan of a dry run.', {
      next: { again: ['--dry-run'] },
    });
  }
  if (out !== undefined && (options['calldata'] === true || options['safe'] !== undefined)) {
    throw new UsageError(
      'usage.conflicting-flags',
      '--out writes a plan, which unsigned transactions have not.',
      {
        next: ['leave out --out, or --calldata and --safe'],
      },
    );
  }
  const isFile = command.kind === 'runbook' && plan !== undefined && /[./]/.test(plan);
  if (plan !== undefined && !isFile && !/^[0-9a-f]{64}$/.test(plan)) {
    throw new UsageError('usage.malformed-value', '--plan needs the full digest of a plan: 64 hex digits.', {
      facts: { given: withoutKeys(plan) },
      next: { when: 'its last line has the digest', again: ['--dry-run'] },
    });
  }
  return {
    flags: {
      env: options['env'] as string | undefined,
      config: options['config'] as string | undefined,
      set: pairs((options['set'] as string[] | undefined) ?? []),
      json: options['json'] === true,
      color: options['color'] === false ? false : undefined,
      full: options['full'] === true,
      verbose: options['verbose'] === true,
    },
    answers: {
      yes: options['yes'] === true,
      confirm: options['confirm'] as string | undefined,
      overrides: (options['override'] as string[] | undefined) ?? [],
      reason: options['reason'] as string | undefined,
      dryRun: options['dryRun'] === true,
      plan: isFile ? undefined : plan,
      ...(isFile ? { planFile: plan } : {}),
      ...(command.kind === 'runbook' && out !== undefined ? { out } : {}),
      waitMs: waitMs(options['wait']),
    },
    input: validate(entry, command.input, program),
  };
}

/**
 * The words of a call after `tv`, to repeat it: without its environment and configuration file, which the renderer
 * of advice adds, and without the flags of a dry run.
 * @param rest the arguments without the command's own words
 */
export function wordsOfCall(
  { command, aliases = [] }: CommandDefinition,
  rest: readonly string[],
): readonly string[] {
  const isDry = rest.includes('--dry-run');
  const kept = rest.filter((word, index) => {
    const before = rest[index - 1] ?? '';
    if (/^(-e|--env|--config|--plan)$/.test(before) || (isDry && before === '--out')) return false;
    return (
      !/^(-e|--env(=|$)|--config(=|$)|--plan(=|$)|--dry-run$)/.test(word) &&
      !(isDry && /^--out(=|$)/.test(word))
    );
  });
  // The short alias, as in all other advice: `tv resume`.
  const short = aliases.find((alias) => !alias.includes(' ')) ?? command;
  return [...short.split(' '), ...kept];
}

/** @throws UsageError */
function waitMs(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const ms = parseTimeSpan(text);
  if (ms !== undefined) return ms;
  throw new UsageError('usage.malformed-value', `--wait ${text} is not a time.`, {
    next: '--wait 30s, --wait 5m or --wait 2h',
  });
}

/** Flags and arguments by their names and number alone. @throws UsageError with exit code 2 */
export function parseWords(entry: CommandDefinition, command: AnyCommand, args: readonly string[]): Command {
  const program = build(entry, command);
  try {
    return program.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw wrongCall(entry, program, args, error);
    throw error;
  }
}

/** What is wrong with a call, by commander's code for it. Its messages are text for a terminal. */
function wrongCall(
  entry: CommandDefinition,
  program: Command,
  args: readonly string[],
  { code, message }: CommanderError,
): UsageError {
  const { registeredArguments } = program;
  switch (code) {
    case 'commander.unknownOption': {
      const flag = program.parseOptions([...args]).unknown[0] ?? '';
      const flags = program.options.flatMap(({ long }) => long ?? []);
      return usage(entry, 'usage.unknown-flag', `Unknown flag ${flag}.`, {
        'did you mean': suggest(flag, flags),
      });
    }
    case 'commander.optionMissingArgument': {
      // Any word behind it would have been its value.
      const last = args.at(-1);
      const option = program.options.find(({ short, long }) => last === short || last === long);
      return usage(entry, 'usage.missing-value', `${last} needs a value.`, { usage: option?.flags });
    }
    case 'commander.missingArgument':
      return usage(
        entry,
        'usage.missing-value',
        `${registeredArguments[program.args.length]?.name()} is needed.`,
      );
    case 'commander.excessArguments': {
      const given = program.args.slice(registeredArguments.length).join(' ');
      return usage(entry, 'usage.too-many-arguments', 'Too many arguments.', { 'not expected': given });
    }
    default:
      return usage(entry, 'usage.malformed-value', message);
  }
}

/** `tv reindex --help`: description, flags, risk. */
export function commandHelp(entry: CommandDefinition, command: AnyCommand, width: number): string {
  const program = build(entry, command);
  program.configureHelp({ helpWidth: width, minWidthToWrap: 20 });
  const risk = entry.risk === 'read' ? 'reads only' : `risk: ${entry.risk}`;
  const section = !/^\d/.test(entry.section) ? '' : ` · runbook §${entry.section}`;
  program.addHelpText('before', `${wrap(`${command.title} · ${risk}${section}`, width)}\n`);
  program.description(flowed(command.description));
  const examples = (command.examples ?? []).map(({ what, line }) => {
    // The call itself stays on one line, so that it can be pasted.
    return `  # ${wrap(what, width - 4, '  # ')}\n  ${line}\n`;
  });
  if (examples.length > 0) program.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  let text = '';
  program.configureOutput({ writeOut: (part) => (text += part) });
  program.outputHelp();
  return text;
}

/** A flag that more than one command has. */
export interface SharedFlag {
  /** Its heading in the help of a command: `Answering:`. */
  readonly heading: string;
  readonly flags: string;
  readonly help: string;
}

/** The flags that a command has besides its own, in the order of its help. */
export function sharedFlags(entry: CommandDefinition, command: AnyCommand): readonly SharedFlag[] {
  return build(entry, command).options.flatMap(({ flags, description, helpGroupHeading }) =>
    helpGroupHeading === undefined ? [] : [{ heading: helpGroupHeading, flags, help: description }],
  );
}

/** Each paragraph on one line, to be wrapped by commander. */
function flowed(text: string): string {
  return text.trim().replace(/([^\n])\n(?!\n)/g, '$1 ');
}

function build(entry: CommandDefinition, command: AnyCommand): Command {
  const program = new Command(`tv ${entry.command}`)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption('-h, --help', 'show this help');
  for (const { flag, help } of Object.values(command.input as InputFields)) {
    if (!flag.startsWith('-')) program.argument(flag, help);
    else program.addOption(ownOption(flag, help));
  }
  const repeat = (value: string, before: string[] | undefined) => [...(before ?? []), value];
  for (const { heading, flags, help, repeatable } of commonFlagsOf(command)) {
    program.optionsGroup(`${heading}:`);
    if (repeatable) program.option(flags, help, repeat);
    else program.option(flags, help);
  }
  return program;
}

/** A flag of the command itself. Commander keeps `--no-wait` and `--wait` in one place, where the last one counts. */
function ownOption(flag: string, help: string): Option {
  const option = new Option(flag, help);
  if (option.negate) option.attributeName = () => withoutKey(flag);
  return option;
}

/** Where the value of `--no-wait` is kept: false where it is given. */
function withoutKey(flag: string): string {
  return `without ${flag}`;
}

/** Each field by its own schema: a command without any loads no zod. */
function validate(entry: CommandDefinition, fields: InputFields, program: Command): Json {
  const options = program.opts<Record<string, unknown>>();
  const input: Record<string, unknown> = {};
  let argument = 0;
  for (const [key, { flag, schema }] of Object.entries(fields)) {
    const raw = !flag.startsWith('-')
      ? program.processedArgs[argument++]
      : flag.startsWith('--no-')
        ? options[withoutKey(flag)] !== false
        : options[key];
    const answer = schema.safeParse(raw);
    if (!answer.success) throw malformed(entry, flag, raw, answer.error.issues[0]?.message);
    input[key] = answer.data;
  }
  return input as Json;
}

function malformed(entry: CommandDefinition, flag: string, raw: unknown, message = 'not valid'): UsageError {
  const name = /--[\w-]+/.exec(flag)?.[0] ?? flag.split(' ')[0];
  if (raw === undefined) return usage(entry, 'usage.missing-value', `${name} is needed.`);
  return usage(entry, 'usage.malformed-value', `${name}: ${message}`, { given: String(raw) });
}

function usage(
  { command }: CommandDefinition,
  code: ErrorCode,
  message: string,
  facts: Readonly<Record<string, string | undefined>> = {},
): UsageError {
  const clean = Object.entries(facts).map(
    ([name, value]) => [name, value === undefined ? undefined : withoutKeys(value)] as const,
  );
  return new UsageError(code, withoutKeys(message), {
    facts: Object.fromEntries(clean),
    next: { tv: [...command.split(' '), '--help'] },
  });
}

function pairs(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    list.map((item) => {
      const at = item.indexOf('=');
      if (at < 1)
        throw new UsageError('usage.malformed-value', '--set takes key=value.', {
          facts: { given: withoutKeys(item) },
          next: { tv: ['config', 'show'] },
        });
      return [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
