import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { aligned, wrap } from '../text/layout.ts';
import { type Finding, factsOf } from './findings.ts';
import { mark } from './level.ts';

/** Findings as `judge` returns them: causes with their evidence, and beneath each what it explains. */
export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  return findings.map((finding) => renderFinding(finding, findings, paint)).join('\n');
}

function renderFinding(finding: Finding, all: readonly Finding[], paint: Paint): string {
  const { level, sentence, cause } = finding;
  if (cause !== null) return line('    ', `${mark(level, paint)} ${sentence}`, paint);
  const facts = factsOf(finding).map(([name, value]) => [paint.dim(name), shortened(value, paint)] as const);
  const explains = all.some((other) => other.cause === finding.id);
  return [
    line('  ', `${mark(level, paint)} ${capitalised(sentence)}`, paint),
    ...(facts.length === 0 ? [] : [aligned(facts, paint.width, '    ')]),
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
