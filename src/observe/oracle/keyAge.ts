import type { KeyAge } from '../../chain/oracle/readKeyAge.ts';
import type { Answer } from '../../errors/answer.ts';
import { count, howMany } from '../../text/format.ts';
import type { SampleValue } from '../sample.ts';

const dayMs = 86_400_000;

/** Clocks differ by less than this, in milliseconds. */
export const skewMs = 300_000;

/** The age of an oracle key against the age at which the security checklist has it rotated. */
export type JudgedKeyAge =
  | { readonly is: 'unknown'; readonly words: string }
  | {
      /** `perhaps`: as far as the blocks that were read go, it is younger than that; it may be older. */
      readonly is: 'due' | 'perhaps' | 'young';
      /** `at least 22 days old, authorised before block 1 234`. */
      readonly words: string;
      /** Authorised then; before that where only so much is known. */
      readonly since: Date;
      /** To be rotated then. */
      readonly until: Date;
      readonly days: number;
    };

/** @param limits.now by the clock of this machine, as everything is judged that is due at a time */
export function judgeKeyAge(
  age: Answer<KeyAge>,
  { now, maxDays }: { readonly now: Date; readonly maxDays: number },
): JudgedKeyAge {
  if (!age.known) {
    return { is: 'unknown', words: `when the key was authorised is unknown: ${age.reason}` };
  }
  const { kind, at, block } = age.value;
  const since = new Date(at * 1000);
  if (since.getTime() > now.getTime() + skewMs) {
    const words = `the age of the key is unknown: block ${count(block)} is dated in the future`;
    return { is: 'unknown', words };
  }
  const until = new Date(since.getTime() + maxDays * dayMs);
  const days = Math.max(0, Math.floor((now.getTime() - since.getTime()) / dayMs));
  const [least, where] = kind === 'since' ? ['', 'in'] : ['at least ', 'before'];
  const words = `${least}${howMany(days, 'day')} old, authorised ${where} block ${count(block)}`;
  const is = until <= now ? 'due' : kind === 'before' ? 'perhaps' : 'young';
  return { is, words, since, until, days };
}

/** As a line of `tv oracle status`. */
export function keyAgeSample(
  age: Answer<KeyAge>,
  limits: { readonly now: Date; readonly maxDays: number },
): SampleValue {
  const judged = judgeKeyAge(age, limits);
  if (judged.is === 'unknown' || !age.known) return { level: 'unknown', summary: judged.words };
  const { maxDays } = limits;
  const { is, words, since, days } = judged;
  const { kind, block } = age.value;
  const data = { kind, since: since.toISOString(), block, days, maxDays };
  const summary = `the key is ${words}`;
  if (is === 'due') {
    return {
      level: 'warning',
      summary: `${summary}: to be rotated every ${count(maxDays)} days`,
      data,
      next: [{ tv: ['oracle', 'rotate-key'] }],
    };
  }
  return is === 'perhaps'
    ? { level: 'unknown', summary: `${summary}; whether ${count(maxDays)} days or more is unknown`, data }
    : { level: 'ok', summary, data };
}
