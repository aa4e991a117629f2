import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { aligned, wrap } from '../text/layout.ts';
import { type Finding, factsOf } from './findings.ts';
import { mark } from './level.ts';
import { sources } from './world.ts';

/** Findings as `judge` returns them: causes with their evidence, and beneath each what it explains. */
export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  return groupsOf(findings)
    .flatMap(([root, ...explained]) => {
      const silent = explained.filter(isSilent);
      // The reason of each is that of their cause, and a line for each would hide what is wrong besides.
      const folded = silent.length < 2 ? [] : silent;
      const titles = folded.map(({ source }) => sources[source].title).join(', ');
      return [
        ...(root === undefined ? [] : [renderFinding(root, findings, paint)]),
        ...explained
          .filter((each) => !folded.includes(each))
          .map((each) => renderFinding(each, findings, paint)),
        ...(titles === ''
          ? []
          : [line('    ', `${mark('unknown', paint)} unknown because of it: ${titles}`, paint)]),
      ];
    })
    .join('\n');
}

/** Each cause with what it explains, as `inOrder` returns them. */
function groupsOf(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  const groups: Finding[][] = [];
  for (const finding of findings) {
    const last = groups.at(-1);
    if (finding.cause === null || last === undefined) groups.push([finding]);
    else last.push(finding);
  }
  return groups;
}

/** A source that said nothing. */
function isSilent({ id, level }: Finding): boolean {
  return level === 'unknown' && id.startsWith('unknown-');
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
