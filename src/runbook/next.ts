import type { Paint } from './paint.ts';
import { wrap } from './text.ts';

/** How a command has to be typed so that it works where this call was made. */
export interface AdvicePlace {
  /** Named with `-e` in this call. */
  readonly environment: string | undefined;
  /** Given with `--config` in this call. */
  readonly config?: string | undefined;
  /** In front of host commands: `[]`, `['sudo', '-n']`, `['ssh', 'ops@vault-1']`. */
  readonly hostPrefix?: readonly string[] | undefined;
  /** The words of this call after `tv`, without its environment, its configuration file and `--dry-run`. */
  readonly call?: readonly string[] | undefined;
}

/**
 * One piece of advice: a command of tv as words, this call again with more flags, a shell line on the host or
 * on this machine, or text.
 * `when` is the condition under which a command is right.
 */
export type Advice =
  | { readonly tv: readonly string[]; readonly when?: string }
  | { readonly again: readonly string[]; readonly when?: string }
  | { readonly shell: string; readonly on: 'host' | 'here'; readonly when?: string }
  | string;

/** A piece of advice as one line, to be pasted. */
export function adviceLine(advice: Advice, place: AdvicePlace): string {
  if (typeof advice === 'string') return asTyped(advice, place);
  const line = commandLine(advice, place);
  return advice.when === undefined ? line : `${advice.when}: ${line}`;
}

function commandLine(advice: Exclude<Advice, string>, place: AdvicePlace): string {
  if ('shell' in advice) return shellLine(advice, place);
  if ('tv' in advice) return tvLine(quoteWords(advice.tv), place);
  const { call } = place;
  return call === undefined
    ? `the same command with ${quoteWords(advice.again)}`
    : tvLine(quoteWords([...call, ...advice.again]), place);
}

/** `Next:` and the commands to run; each as it has to be typed for this call. */
export function renderNext(next: readonly Advice[], paint: Paint): string {
  return next
    .map((advice, index) => {
      const label = index === 0 ? paint.bold('Next:') : '     ';
      return `${label} ${wrapAdvice(adviceLine(advice, paint), paint.width - 6, '      ')}`;
    })
    .join('\n');
}

/** A command stays on one line, so that it can be pasted; only what stands before it is wrapped. */
export function wrapAdvice(line: string, width: number, indent: string): string {
  const [, condition, command] = /^(.*: )?(tv .*)$/.exec(line) ?? [];
  if (command === undefined || line.length <= width) return wrap(line, width, indent);
  return condition === undefined ? command : `${wrap(condition.trim(), width, indent)}\n${indent}${command}`;
}

/** Commands that work on no environment, and calls that name theirs. */
const withoutEnvironment = /^(sandbox|completion|help|config init)\b|^-/;
/** At the beginning, or behind the condition under which it is right: `once it is due: tv …`. */
const tvCommand = /(^|: )tv (?=[a-z-])(.*)$/;
/** Programs that look at or change the host of TempoVault, as lines of advice begin with them. */
const hostCommand = /^(systemctl|journalctl|df|du|findmnt|free) /;

/** A line of advice with its command as it has to be typed for this call. */
export function asTyped(line: string, place: AdvicePlace): string {
  const [, condition = '', command] = tvCommand.exec(line) ?? [];
  if (command !== undefined) {
    const before = line.slice(0, line.length - command.length - 'tv '.length - condition.length);
    return `${before}${condition}${tvLine(command, place)}`;
  }
  return hostCommand.test(line) ? shellLine({ shell: line, on: 'host' }, place) : line;
}

function tvLine(command: string, { environment, config }: AdvicePlace): string {
  if (withoutEnvironment.test(command)) return `tv ${command}`;
  const flags = [
    ...(environment === undefined ? [] : ['-e', quoteWord(environment)]),
    ...(config === undefined ? [] : ['--config', quoteWord(config)]),
  ];
  return ['tv', ...flags, command].join(' ');
}

function shellLine(
  { shell, on }: { readonly shell: string; readonly on: 'host' | 'here' },
  { hostPrefix = [] }: AdvicePlace,
): string {
  if (on === 'here' || hostPrefix.length === 0) return shell;
  // ssh hands its arguments to a shell on the other side, where quotes and pipes have to arrive.
  const throughSsh = /(^|\/)ssh$/.test(hostPrefix[0] ?? '') && /[^\w@%+=:,./ -]/.test(shell);
  return [...hostPrefix.map(quoteWord), throughSsh ? quoteWord(shell) : shell].join(' ');
}

function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

/** One word for a POSIX shell. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
