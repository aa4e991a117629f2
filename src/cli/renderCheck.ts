import type { Check } from '../runbook/check.ts';
import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { padEnd, wrap } from '../text/layout.ts';
import { outsideText } from '../text/outsideText.ts';

/** Of a summary or a fact, in characters. Names in it may come from the database's catalogue, line breaks and all. */
const longest = 4_000;

/** One line a check; the facts of whatever is not fine under it. */
export function renderChecks(checks: readonly Check[], paint: Paint): string {
  const names = Math.max(0, ...checks.map(({ id }) => shortened(id, paint).length));
  return checks.map((check) => renderCheck(check, names, paint)).join('\n');
}

function renderCheck(check: Check, names: number, paint: Paint): string {
  const gap = 4 + names + 2;
  const indent = ' '.repeat(gap);
  const room = paint.width - gap;
  const lines = [
    `  ${mark(check, paint)} ${padEnd(shortened(check.id, paint), names)}  ${wrap(shortened(outsideText(check.summary, longest), paint), room, indent)}`,
  ];
  if (check.status === 'block' || check.status === 'warn') {
    for (const [key, value] of Object.entries(check.facts ?? {})) {
      const name = shortened(key, paint);
      lines.push(
        `${indent}${paint.dim(`${name}: `)}${wrap(outsideText(value, longest), room - name.length - 2, `${indent}  `)}`,
      );
    }
  }
  return lines.join('\n');
}

function mark(check: Check, paint: Paint): string {
  switch (check.status) {
    case 'pass':
      return paint.ok('✔');
    case 'warn':
      return paint.warn('!');
    case 'block':
      return paint.bad('✖');
    case 'skip':
      return paint.dim('–');
  }
}
