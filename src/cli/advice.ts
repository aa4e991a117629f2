import { type Advice, sameCommand } from '../errors/advice.ts';
import type { StepData } from '../runbook/events.ts';
import type { Paint } from '../runbook/paint.ts';
import { visibleWidth, wrap } from '../text/layout.ts';
import { maskUrlsIn } from '../text/maskUrl.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { behindPrefix, quoteForShell, quoteWords } from '../text/shellLine.ts';

/** How a command has to be typed so that it works where this call was made. */
export interface AdvicePlace {
  /** Named with `-e` in this call, or by `TV_ENVIRONMENT`. */
  readonly environment: string | undefined;
  /** Given with `--config` in this call, or by `TV_CONFIG`. */
  readonly config?: string | undefined;
  /** In front of host commands: `[]`, `['sudo', '-n']`, `['ssh', 'ops@vault-1']`. */
  readonly hostPrefix?: readonly string[] | undefined;
  /** The words of this call after `tv`, without its environment, its configuration file and `--dry-run`. */
  readonly call?: readonly string[] | undefined;
  /** For `cast`, where it has no credentials in it. */
  readonly rpcUrl?: string | undefined;
}

/** A piece of advice as one line, to be pasted. */
export function adviceLine(advice: Advice, place: AdvicePlace): string {
  if (typeof advice === 'string') return advice;
  const line = commandLine(advice, place);
  return advice.when === undefined ? line : `${advice.when}: ${line}`;
}

function commandLine(advice: Exclude<Advice, string>, place: AdvicePlace): string {
  if ('shell' in advice) return withRpcUrl(shellLine(advice, place), place);
  if ('tv' in advice) {
    const { on } = advice;
    // On another machine this call's own settings are not meant.
    if (on !== undefined) return `on ${on}: ${tvLine(advice.tv, { ...place, call: undefined })}`;
    return tvLine(advice.tv, place);
  }
  const { call } = place;
  return call === undefined || holdsKey(call)
    ? sameCommand(advice.again)
    : tvLine([...withoutGivenAnew(call, advice.again), ...advice.again], place);
}

/** Whether a word of it could be a private key, pasted in the wrong place: then the call is not shown. */
function holdsKey(call: readonly string[]): boolean {
  return call.some((word, index) => call[index - 1] !== '--plan' && withoutKeys(word) !== word);
}

/** Flags that keep their earlier value where they are given once more. */
const repeatable: readonly (string | undefined)[] = ['--set', '--override'];

/** A call without its own value of each setting and flag that is given anew: the line names each once. */
function withoutGivenAnew(call: readonly string[], again: readonly string[]): readonly string[] {
  const given = again.flatMap((word, index) => (again[index - 1] === '--set' ? [word.split('=', 1)[0]] : []));
  const isGiven = (setting: string | undefined) => given.includes(setting?.split('=', 1)[0]);
  const flags = again.filter(
    (word, index) =>
      /^--./.test(word) && !repeatable.includes(word) && again[index + 1]?.startsWith('-') === false,
  );
  return call.filter((word, index) => {
    const before = call[index - 1] ?? '';
    return (
      !(word === '--set' && isGiven(call[index + 1])) &&
      !(before === '--set' && isGiven(word)) &&
      !(word.startsWith('--set=') && isGiven(word.slice('--set='.length))) &&
      !flags.some((flag) => word === flag || before === flag || word.startsWith(`${flag}=`))
    );
  });
}

/** `Next:` and the commands to run; each as it has to be typed for this call. */
export function renderNext(next: readonly Advice[], paint: Paint): string {
  return next
    .map((advice, index) => {
      const label = index === 0 ? paint.bold('Next:') : '     ';
      return `${label} ${adviceBlock(advice, paint, '      ')}`;
    })
    .join('\n');
}

/** A command stays on one line, so that it can be pasted; only the condition before it is wrapped. */
function adviceBlock(advice: Advice, paint: Paint, indent: string): string {
  const width = paint.width - indent.length;
  if (typeof advice === 'string') return wrap(advice, width, indent);
  const { when, ...command } = advice;
  return when === undefined ? commandLine(advice, paint) : wrapAdvice(when, command as Advice, paint, indent);
}

/** Words, then the command that they are about. */
export function wrapAdvice(words: string, command: Advice, paint: Paint, indent: string): string {
  const width = paint.width - indent.length;
  const line = adviceLine(command, paint);
  const whole = `${words}: ${line}`;
  return visibleWidth(whole) <= width ? whole : `${wrap(`${words}:`, width, indent)}\n${indent}${line}`;
}

/** The shell line of a step as it has to be typed for this call. */
export function planLine({ command, runs }: Pick<StepData, 'command' | 'runs'>, place: AdvicePlace): string {
  if (runs === undefined) return shellLine({ shell: command, on: 'host' }, place);
  if (runs === 'here') return withRpcUrl(command, place);
  const line = command.slice('tv '.length);
  return tvLine(line.split(' '), place, line);
}

/** `cast` uses a node on this machine unless `--rpc-url` names another. */
function withRpcUrl(line: string, { rpcUrl }: AdvicePlace): string {
  return rpcUrl === undefined ? line : line.replaceAll('"$RPC_URL"', quoteForShell(rpcUrl));
}

/** Commands that need no environment. */
const withoutEnvironment: ReadonlySet<string | undefined> = new Set(['completion', 'drill', 'help']);

/** @param command the words as they are typed */
function tvLine(
  words: readonly string[],
  { environment, config, call = [] }: AdvicePlace,
  command = quoteWords(words),
): string {
  const [first, second] = words;
  if (words.includes('--help')) return `tv ${command}`;
  if (first === 'sandbox') return ['tv', command, ...whichSandbox(call)].join(' ');
  if (withoutEnvironment.has(first) || (first === 'config' && second === 'init')) return `tv ${command}`;
  // It may name its own.
  const names = (flag: string) => words.includes(flag);
  const flags = [
    ...(environment === undefined || names('-e') ? [] : ['-e', quoteForShell(environment)]),
    ...(config === undefined || names('--config') ? [] : ['--config', quoteForShell(config)]),
    ...(names('--set') ? [] : settingsOf(call)),
  ];
  return ['tv', ...flags, command].join(' ');
}

/**
 * `--set` of this call: without it, a command that follows would go to another node or database. One with
 * credentials, or what may be a key, is not repeated.
 */
function settingsOf(call: readonly string[]): readonly string[] {
  return flagsOf(call, ['--set'])
    .filter((word) => withoutKeys(maskUrlsIn(word)) === word)
    .map(quoteForShell);
}

/** Where a call names a sandbox, what it advises is about that one. */
function whichSandbox(call: readonly string[]): readonly string[] {
  return call[0] === 'sandbox' ? flagsOf(call, ['--name', '--dir']).map(quoteForShell) : [];
}

/** Flags of a call with their values, each as one word: `--dir=/srv/drill`. */
function flagsOf(call: readonly string[], names: readonly string[]): readonly string[] {
  return call.flatMap((word, index) => {
    if (names.includes(word)) return [`${word}=${call[index + 1] ?? ''}`];
    return names.some((name) => word.startsWith(`${name}=`)) ? [word] : [];
  });
}

function shellLine(
  { shell, on }: { readonly shell: string; readonly on: 'host' | 'here' },
  { hostPrefix = [] }: AdvicePlace,
): string {
  return on === 'here' ? shell : behindPrefix(hostPrefix, shell);
}
