import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { padEnd, wrap } from '../text/layout.ts';
import type { Finding } from './findings.ts';
import { mark } from './level.ts';

/** Findings as `judge` returns them: causes with their evidence, and beneath each what it explains. */
export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  return findings.map((finding) => renderFinding(finding, findings, paint)).join('\n');
}

function renderFinding(finding: Finding, all: readonly Finding[], paint: Paint): string {
  const { level, sentence, evidence, likely, cause } = finding;
  if (cause !== null) return line('    ', `${mark(level, paint)} ${sentence}`, paint);
  const names = Math.max(0, ...Object.keys(evidence).map((name) => name.length));
  const facts = Object.entries({ ...evidence, ...(likely === null ? {} : { 'likely cause': likely }) });
  const width = Math.max(names, likely === null ? 0 : 'likely cause'.length);
  const explains = all.some((other) => other.cause === finding.id);
  return [
    line('  ', `${mark(level, paint)} ${capitalised(sentence)}`, paint),
    ...facts.map(([name, value]) => {
      const gap = 4 + width + 2;
      const text = wrap(shortened(value, paint), paint.width - gap, ' '.repeat(gap));
      return `    ${paint.dim(padEnd(name, width))}  ${text}`;
    }),
    ...(explains ? [`    ${paint.dim('which explains:')}`] : []),
  ].join('\n');
}

function line(indent: string, text: string, paint: Paint): string {
  const gap = `${indent}  `;
  return `${indent}${wrap(shortened(text, paint), paint.width - gap.length, gap)}`;
}

/** The first letter of a sentence; of a URL or a unit's name it stays as it is. */
function capitalised(sentence: string): string {
  return /^[a-z]+\s/.test(sentence) ? sentence[0]?.toUpperCase() + sentence.slice(1) : sentence;
}
