import type { Truth } from './truth.ts';

/** Something that a screen may claim. */
export interface Claim {
  /** Which kind of fact it is; named in the table and by `Undetectable`. */
  readonly id: string;
  /** Searched in the whole screen, in which every white space is one blank. */
  readonly words: RegExp;
  /** @param groups of `words` */
  isTrue(truth: Truth, groups: readonly string[]): boolean;
}

/** What one run of tv printed. */
export interface Screen {
  readonly exitCode: number;
  readonly text: string;
}

/** A lie that no reader of this one source can see through, and why. */
export interface Undetectable {
  readonly lie: string;
  /** Of `Claim`. */
  readonly claims: readonly string[];
  /** Where it holds for some commands only: how their words begin. */
  readonly commands?: readonly string[];
  readonly reason: string;
}

/**
 * `true`: all that is said is so. `unknown`: so is all that is said, and the screen names something that was not read.
 * `undetectable`: something is said that is not so, for a reason that the table gives.
 */
export type Verdict = 'true' | 'unknown' | 'undetectable' | 'UNTRUE';

export interface Judgement {
  readonly verdict: Verdict;
  /** What was said and is not so. */
  readonly untrue: readonly { readonly id: string; readonly words: string }[];
  readonly excuses: readonly Undetectable[];
}

/** By which a screen says that it does not know. */
const unknown =
  /\bunknown\b|could not|cannot be (read|listed|compared)|not (read|known|visible|checked|compared)|does not answer|did not (answer|return)|no answer|(^| )\? |no journal|log index is incomplete|contradict/i;

/**
 * Compares a screen with what is so.
 * @param own claims of this command beside those of every screen
 */
export function judge(
  screen: Screen,
  about: {
    readonly truth: Truth;
    readonly claims: readonly Claim[];
    readonly lie: string;
    readonly command: string;
    readonly excuses: readonly Undetectable[];
  },
): Judgement {
  const text = screen.text.replace(/\s+/g, ' ');
  const untrue = about.claims.flatMap(({ id, words, isTrue }) => {
    const all = [
      ...text.matchAll(new RegExp(words, words.flags.includes('g') ? words.flags : `${words.flags}g`)),
    ];
    const wrong = all.find((found) => !isTrue(about.truth, found.slice(1)));
    return wrong === undefined ? [] : [{ id, words: wrong[0] }];
  });
  if (/TypeError|is not a function|bug in tv/.test(text) || screen.exitCode === 70)
    untrue.push({ id: 'bug', words: text.slice(0, 200) });
  const excuses = about.excuses.filter(
    ({ lie, commands }) =>
      lie === about.lie && (commands?.some((begin) => about.command.startsWith(begin)) ?? true),
  );
  const isExcused = (id: string) => excuses.some(({ claims }) => claims.includes(id));
  const used = excuses.filter(({ claims }) => untrue.some(({ id }) => claims.includes(id)));
  if (untrue.some(({ id }) => !isExcused(id))) return { verdict: 'UNTRUE', untrue, excuses: used };
  if (untrue.length > 0) return { verdict: 'undetectable', untrue, excuses: used };
  return { verdict: unknown.test(text) ? 'unknown' : 'true', untrue, excuses: [] };
}
