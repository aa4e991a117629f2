import {
  escapeHtml,
  htmlCell,
  htmlList,
  htmlPage,
  htmlRow,
  htmlTable,
} from '../../operations/documents/html.ts';
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
  serviceLevel,
  serviceWords,
  sourceTitle,
  stateLevels,
  titleOf,
} from './words.ts';

/** The timeline as one HTML file that needs nothing else: no script, no font, no request, no style but its own. */
export function incidentHtml(incident: Incident): string {
  const { entries, services, errors, clocks, sources, missing, remarks, madeAt, madeBy } = incident;
  const title = titleOf(incident);
  const body = [
    `<header><h1>${escapeHtml(title)}</h1></header>`,
    '<main>',
    missing.length === 0
      ? ''
      : `<section class="overruled"><h2>Missing from this timeline</h2>${htmlList(missingLines(incident))}</section>`,
    '<h2>Timeline</h2>',
    entries.length === 0
      ? `<p>${escapeHtml(emptyWords(incident))}</p>`
      : htmlTable(['Time', 'Of', 'Level', 'What', 'Details'], entries.map(entryRow)),
    `<h2>Services</h2>${htmlTable(
      ['Service', 'Unit', 'In this time'],
      services.map((story) =>
        htmlRow([
          htmlCell(escapeHtml(story.service)),
          htmlCell(escapeHtml(story.unit)),
          htmlCell(escapeHtml(serviceWords(story)), serviceLevel(story)),
        ]),
      ),
    )}`,
    `<h2>Errors in the journals</h2>${errorsHtml(errors)}`,
    `<h2>Clocks</h2>${htmlTable(
      ['Clock', 'Against that of this machine'],
      clocks.map((clock) =>
        htmlRow([
          htmlCell(escapeHtml(clockTitles[clock.clock])),
          htmlCell(escapeHtml(clockWords(clock)), clock.offsetMs === null ? 'unknown' : ''),
        ]),
      ),
    )}`,
    `<h2>Sources</h2>${htmlTable(
      ['Source', 'State', 'Read'],
      sources.map(({ source, state, summary }) =>
        htmlRow([
          htmlCell(escapeHtml(sourceTitle(source))),
          htmlCell(state, stateLevels[state]),
          htmlCell(escapeHtml(summary)),
        ]),
      ),
    )}`,
    remarks.length === 0 ? '' : `<h2>Remarks</h2>${htmlList(remarks)}`,
    '</main>',
  ];
  return htmlPage({
    title,
    body: body.filter((part) => part !== '').join('\n'),
    footer: `Written by tv for ${madeBy} on ${localTime(madeAt)}. Times are local, with their offset from UTC, as each source recorded them.`,
    isStrict: true,
  });
}

function entryRow(entry: IncidentEntry): string {
  const { at, of, level, what, details, about } = entry;
  const end = endOf(entry);
  return htmlRow(
    [
      htmlCell(`${about ? 'about ' : ''}${escapeHtml(localTime(at))}`, 'time'),
      htmlCell(escapeHtml(labelOf(entry))),
      htmlCell(markOf(entry), level),
      htmlCell(escapeHtml(what), `what ${level}`),
      htmlCell(htmlList([...(end === '' ? [] : [end]), ...details])),
    ],
    of === 'missing' ? 'missing' : '',
  );
}

function errorsHtml({ total, groups, leftOut }: Incident['errors']): string {
  if (total === 0) return '<p>None in what was read.</p>';
  const rows = groups.map(({ count: times, service, pattern, newest, first, last }) =>
    htmlRow([
      htmlCell(count(times), 'num'),
      htmlCell(escapeHtml(service)),
      htmlCell(escapeHtml(times === 1 ? newest : pattern)),
      htmlCell(escapeHtml(localTime(first)), 'time'),
      htmlCell(escapeHtml(localTime(last)), 'time'),
    ]),
  );
  const more = leftOut === 0 ? '' : `<p>${count(leftOut)} of further kinds.</p>`;
  return `${htmlTable(['Times', 'Service', 'Message', 'First', 'Last'], rows)}${more}`;
}
