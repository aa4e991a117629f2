import type { KeyAge } from '../../chain/oracle/readKeyAge.ts';
import type { Answer } from '../../errors/answer.ts';
import { count } from '../../text/format.ts';
import type { SampleValue } from '../sample.ts';

/**
 * The age of the relay's key against the age at which the security checklist has it rotated.
 * @param now seconds since 1970, by the chain
 */
export function judgeKeyAge(
  age: Answer<KeyAge>,
  { now, maxDays }: { readonly now: number; readonly maxDays: number },
): SampleValue {
  if (!age.known) {
    return { level: 'unknown', summary: `when the key was authorised is unknown: ${age.reason}` };
  }
  const { kind, at, block } = age.value;
  const days = Math.floor((now - at) / 86_400);
  const due = now - at > maxDays * 86_400;
  const data = { kind, since: new Date(at * 1000).toISOString(), block, days, maxDays };
  const words = `${kind === 'since' ? '' : 'at least '}${count(days)} ${days === 1 ? 'day' : 'days'} old, authorised ${
    kind === 'since' ? 'in' : 'before'
  } block ${count(block)}`;
  if (due) {
    const summary = `the key is ${words}: to be rotated every ${count(maxDays)} days`;
    return { level: 'warning', summary, data, next: [{ tv: ['oracle', 'rotate-key'] }] };
  }
  if (kind === 'before') {
    return {
      level: 'unknown',
      summary: `the key is ${words}; whether more than ${count(maxDays)} days is unknown`,
      data,
    };
  }
  return { level: 'ok', summary: `the key is ${words}`, data };
}
