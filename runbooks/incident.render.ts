import type { Incident, IncidentEntry } from '../src/observe/incident/incident.ts';
import {
  clockTitles,
  clockWords,
  emptyWords,
  endOf,
  labelOf,
  markOf,
  missingLines,
  serviceLevel,
  serviceWords,
  sourceTitle,
  stateLevels,
  titleOf,
} from '../src/observe/incident/words.ts';
import type { Paint } from '../src/runbook/paint.ts';
import { count, howMany, localTime, shortened } from '../src/text/format.ts';
import { aligned, padEnd, wrap } from '../src/text/layout.ts';

/** Columns of the longest label. */
const labelWidth = 7;
/** Columns of the time, with what marks an estimate. */
const timeWidth = 8;

/** The timeline, then the totals and what is missing: the end alone is a summary. */
export function renderIncident(incident: Incident, paint: Paint): string {
  const { entries, services, errors, clocks, sources, missing, remarks } = incident;
  const { total, groups, leftOut } = errors;
  const kinds = leftOut === 0 ? '' : `, ${count(leftOut)} of further kinds`;
  const wrapped = (text: string, gap: string) => wrap(shortened(text, paint), paint.width - gap.length, gap);
  const line = (level: IncidentEntry['level'], text: string) =>
    `  ${ink(level, paint)(markOf({ level }))} ${wrapped(text, '    ')}`;
  const parts = [
    wrap(paint.bold(titleOf(incident)), paint.width),
    entries.length === 0 ? `  ${wrapped(emptyWords(incident), '  ')}` : renderEntries(entries, paint),
    [
      paint.bold('Services'),
      ...services.map((story) =>
        line(serviceLevel(story), `${padEnd(story.service, labelWidth)}  ${serviceWords(story)}`),
      ),
      ...(total === 0
        ? []
        : [
            line(
              'info',
              `${count(total)} ${total === 1 ? 'error' : 'errors'} in ${howMany(groups.length, 'kind')}${kinds}`,
            ),
          ]),
    ].join('\n'),
    `${paint.bold('Clocks')}\n${aligned(
      clocks.map((clock) => [clockTitles[clock.clock], clockWords(clock)] as const),
      paint.width,
    )}`,
    [
      paint.bold('Sources'),
      ...sources.map(({ source, state, summary }) =>
        line(stateLevels[state], `${sourceTitle(source)}: ${summary}`),
      ),
      ...remarks.map((remark) => line('warn', remark)),
    ].join('\n'),
    ...(missing.length === 0
      ? []
      : [
          [
            paint.bold('Missing from this timeline'),
            ...missingLines(incident).map((stretch) => line('unknown', stretch)),
          ].join('\n'),
        ]),
    paint.next([
      { when: 'keep it', again: ['--html', 'incident.html'] },
      { when: 'add to it', tv: ['incident', 'note', '…'] },
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderEntries(entries: readonly IncidentEntry[], paint: Paint): string {
  let day = '';
  return entries
    .flatMap((entry) => {
      const [date = '', time = '', zone = ''] = localTime(entry.at).split(' ');
      const header = `${date} ${zone}`;
      const lines = [...(header === day ? [] : [paint.dim(header)]), renderEntry(entry, time, paint)];
      day = header;
      return lines;
    })
    .join('\n');
}

function renderEntry(entry: IncidentEntry, time: string, paint: Paint): string {
  const { level, what, details, about, until } = entry;
  const gap = ' '.repeat(timeWidth + 3 + labelWidth + 2);
  const room = paint.width - gap.length;
  const start = `${paint.dim(padEnd(time, timeWidth))} ${ink(level, paint)(markOf(entry))} ${padEnd(labelOf(entry), labelWidth)}  `;
  const more = [
    ...(about ? ['at about this time'] : []),
    ...(until == null ? [] : [endWords(entry)]),
    ...details,
  ];
  const text =
    level === 'info'
      ? wrap(shortened(what, paint), room, gap)
      : ink(level, paint)(wrap(shortened(what, paint), room, gap));
  return [
    `${start}${text}`,
    ...more.map((detail) => `${gap}${paint.dim(wrap(shortened(detail, paint), room, gap))}`),
  ].join('\n');
}

/** The time alone where it ends on the same day. */
function endWords(entry: IncidentEntry): string {
  const words = endOf(entry);
  const [day = ''] = localTime(entry.at).split(' ');
  return words.replace(`until ${day} `, 'until ').replace(/ [+-]\d\d:\d\d$/, '');
}

function ink(level: IncidentEntry['level'], paint: Paint): (text: string) => string {
  const inks = { bad: paint.bad, warn: paint.warn, good: paint.ok, unknown: paint.warn, info: paint.dim };
  return inks[level];
}
