import type { Check } from '../../runbook/check.ts';
import { markdownTable } from './markdown.ts';
import type { Timeline } from './timeline.ts';

/** The timeline as Markdown, for an incident review. */
export function timelineMarkdown(timeline: Timeline): string {
  const { title, head, overrides, preflight, steps, moments, verification } = timeline;
  return [
    `# ${title}`,
    markdownTable(
      ['', ''],
      head.map(([name, value]) => [name, value]),
    ),
    ...(overrides.length === 0
      ? []
      : ['## Overruled checks', ...overrides.map(({ check, reason }) => `- **${check}**: ${reason}`)]),
    '## Preflight',
    checks(preflight),
    '## Plan',
    markdownTable(
      ['', 'Step', 'Command', 'Undo', 'State', 'Took'],
      steps.map((step, index) => [
        String(index + 1),
        step.title,
        `\`${step.command}\``,
        step.undo ?? '',
        step.status,
        step.took,
      ]),
    ),
    '## Timeline',
    markdownTable(
      ['Time', 'After', 'What', 'Took', 'Evidence'],
      moments.map(({ at, after, what, took, evidence }) => [at, after, what, took, evidence.join('; ')]),
    ),
    '## Verification',
    verification.length === 0 ? 'Not reached.' : checks(verification),
    '',
  ].join('\n\n');
}

function checks(list: readonly Check[]): string {
  const facts = (check: Check) =>
    Object.entries(check.facts ?? {}).map(([name, value]) => `${name}: ${value}`);
  return markdownTable(
    ['Check', 'Result', 'Found'],
    list.map((check) => [check.id, check.status, [check.summary, ...facts(check)].join('; ')]),
  );
}
