import { escapeMarkdown, markdownTable } from '../../operations/documents/markdown.ts';
import { count, localTime } from '../../text/format.ts';
import type { Incident, IncidentEntry } from './incident.ts';
import {
  clockTitles,
  clockWords,
  emptyWords,
  endOf,
  labelOf,
  markOf,
  missingLines,
  serviceWords,
  sourceTitle,
  titleOf,
} from './words.ts';

/** The timeline as Markdown, for an incident review. */
export function incidentMarkdown(incident: Incident): string {
  const { entries, services, errors, clocks, sources, missing, remarks, madeAt, madeBy } = incident;
  const list = (items: readonly string[]) => items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');
  return [
    `# ${escapeMarkdown(titleOf(incident))}`,
    ...(missing.length === 0 ? [] : ['## Missing from this timeline', list(missingLines(incident))]),
    '## Timeline',
    entries.length === 0
      ? emptyWords(incident)
      : markdownTable(['Time', 'Of', 'Level', 'What', 'Details'], entries.map(entryRow)),
    '## Services',
    markdownTable(
      ['Service', 'Unit', 'In this time'],
      services.map((story) => [story.service, story.unit, serviceWords(story)].map(escapeMarkdown)),
    ),
    '## Errors in the journals',
    errorsMarkdown(errors),
    '## Clocks',
    markdownTable(
      ['Clock', 'Against that of this machine'],
      clocks.map((clock) => [clockTitles[clock.clock], clockWords(clock)].map(escapeMarkdown)),
    ),
    '## Sources',
    markdownTable(
      ['Source', 'State', 'Read'],
      sources.map(({ source, state, summary }) => [sourceTitle(source), state, summary].map(escapeMarkdown)),
    ),
    ...(remarks.length === 0 ? [] : ['## Remarks', list(remarks)]),
    `Written by tv for ${escapeMarkdown(madeBy)} on ${localTime(madeAt)}. Times are local, with their offset from UTC, as each source recorded them.`,
    '',
  ].join('\n\n');
}

function entryRow(entry: IncidentEntry): readonly string[] {
  const { at, what, details, about } = entry;
  const end = endOf(entry);
  return [
    `${about ? 'about ' : ''}${localTime(at)}`,
    labelOf(entry),
    markOf(entry),
    escapeMarkdown(what),
    [...(end === '' ? [] : [end]), ...details].map(escapeMarkdown).join('; '),
  ];
}

function errorsMarkdown({ total, groups, leftOut }: Incident['errors']): string {
  if (total === 0) return 'None in what was read.';
  const rows = groups.map(({ count: times, service, pattern, newest, first, last }) => [
    count(times),
    service,
    escapeMarkdown(times === 1 ? newest : pattern),
    localTime(first),
    localTime(last),
  ]);
  const table = markdownTable(['Times', 'Service', 'Message', 'First', 'Last'], rows);
  return leftOut === 0 ? table : `${table}\n\n${count(leftOut)} of further kinds.`;
}
