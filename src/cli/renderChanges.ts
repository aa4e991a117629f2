import type { PlannedChange } from '../runbook/changes.ts';
import type { Paint } from '../runbook/paint.ts';
import { count, shortened } from '../text/format.ts';
import { aligned } from '../text/layout.ts';
import { outsideText } from '../text/outsideText.ts';

/** More than this are counted, not listed. */
const listed = 16;
/** A service that stops, or a database that is dropped, is not among those that are only counted. */
const alwaysListed: readonly PlannedChange['kind'][] = ['unit', 'database', 'setting'];

/** What a plan changes in the database and on the host, under its steps. */
export function renderChanges(changes: readonly PlannedChange[], paint: Paint): string {
  const mayFold = changes.filter(({ kind }) => !alwaysListed.includes(kind));
  const folded = mayFold.slice(Math.max(0, listed - (changes.length - mayFold.length)));
  const shown = changes.filter((change) => !folded.includes(change));
  const rows = shown.map(({ kind, what, course }) => {
    const states = course.filter((state, index) => index === 0 || state !== course[index - 1]);
    const words = states.length === 1 ? [...states, 'no change'] : states;
    return [kind, shortened(outsideText(`${what}: ${words.join(' → ')}`, 4_000), paint)] as const;
  });
  const rest = folded.length > 0 ? [['…', `${count(folded.length)} more: see --json`] as const] : [];
  return `${paint.bold('Changes')}\n${aligned([...rows, ...rest], paint.width)}`;
}
