import { quoteWords } from '../text/shellLine.ts';

/**
 * One piece of advice: a command of tv as words, this call again with more flags, a shell line on the host or
 * on this machine, or text.
 * `when` is the condition under which a command is right.
 */
export type Advice =
  /** `on`: another machine, by its name. */
  | { readonly tv: readonly string[]; readonly when?: string; readonly on?: string }
  | { readonly again: readonly string[]; readonly when?: string }
  | { readonly shell: string; readonly on: 'host' | 'here'; readonly when?: string }
  | string;

/** A shell line for the host of TempoVault. The renderer adds the host prefix. */
export function onHost(shell: string, when?: string): Exclude<Advice, string> {
  return { shell, on: 'host', ...(when === undefined ? {} : { when }) };
}

/** A shell line for the machine that tv runs on. */
export function onThisMachine(shell: string, when?: string): Advice {
  return { shell, on: 'here', ...(when === undefined ? {} : { when }) };
}

/** Advice that is a command, and no text. */
export function isAdviceCommand(value: unknown): value is Exclude<Advice, string> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const { tv, again, shell, on } = value as Readonly<Record<string, unknown>>;
  const isWords = (words: unknown) => Array.isArray(words) && words.every((word) => typeof word === 'string');
  return isWords(tv) || isWords(again) || (typeof shell === 'string' && (on === 'host' || on === 'here'));
}

/** One piece of advice, several, or none, as a list. */
export function adviceList(advice: Advice | readonly Advice[] | undefined): readonly Advice[] {
  if (advice === undefined) return [];
  return Array.isArray(advice) ? advice : [advice as Advice];
}

/** The same advice with every word and text of it replaced. */
export function mapAdvice(advice: Advice, change: (text: string) => string): Advice {
  if (typeof advice === 'string') return change(advice);
  const when = advice.when === undefined ? {} : { when: change(advice.when) };
  if ('shell' in advice) return { shell: change(advice.shell), on: advice.on, ...when };
  if ('again' in advice) return { again: advice.again.map(change), ...when };
  const on = advice.on === undefined ? {} : { on: change(advice.on) };
  return { tv: advice.tv.map(change), ...when, ...on };
}

/** A piece of advice as it would be typed where nothing has to be added to it. */
export function plainAdvice(advice: Advice): string {
  if (typeof advice === 'string') return advice;
  const condition = advice.when === undefined ? '' : `${advice.when}: `;
  if ('shell' in advice) return condition + advice.shell;
  if ('again' in advice) return condition + sameCommand(advice.again);
  const where = advice.on === undefined ? '' : `on ${advice.on}: `;
  return `${condition}${where}tv ${quoteWords(advice.tv)}`;
}

/** A call to repeat with these words added, where its own words are not known. */
export function sameCommand(added: readonly string[]): string {
  return added.length === 0 ? 'the same command again' : `the same command with ${quoteWords(added)}`;
}

/** Each piece of advice once, in the order of its first occurrence. */
export function distinctAdvice(list: readonly Advice[]): readonly Advice[] {
  return [...new Map(list.map((each) => [JSON.stringify(each), each])).values()];
}
