import type { Check } from '../../runbook/check.ts';
import type { Timeline } from './timeline.ts';

/** The timeline as Markdown, for an incident review. */
export function timelineMarkdown(timeline: Timeline): string {
  const { title, head, overrides, preflight, steps, moments, verification } = timeline;
  return [
    `# ${title}`,
    table(
      ['', ''],
      head.map(([name, value]) => [name, value]),
    ),
    ...(overrides.length === 0
      ? []
      : ['## Overruled checks', ...overrides.map(({ check, reason }) => `- **${check}**: ${reason}`)]),
    '## Preflight',
    checks(preflight),
    '## Plan',
    table(
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
    table(
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
  return table(
    ['Check', 'Result', 'Found'],
    list.map((check) => [check.id, check.status, [check.summary, ...facts(check)].join('; ')]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
