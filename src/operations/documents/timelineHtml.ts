import type { Check } from '../../runbook/check.ts';
import { escapeHtml, htmlCell, htmlList, htmlPage, htmlRow, htmlTable, htmlWord } from './html.ts';
import type { Moment, Timeline } from './timeline.ts';

/** The timeline as one HTML file that needs nothing else: no script, no font, no request. */
export function timelineHtml(timeline: Timeline): string {
  const { title, outcome, head, overrides, preflight, steps, moments, verification } = timeline;
  const sections = [
    `<header><h1>${escapeHtml(title)} <span class="badge ${escapeHtml(outcome)}">${escapeHtml(outcome)}</span></h1>
<dl>${head.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}</dl></header>`,
    overrides.length === 0
      ? ''
      : `<section class="overruled"><h2>Overruled checks</h2>${htmlTable(
          ['Check', 'Reason'],
          overrides.map(({ check, reason }) =>
            htmlRow([htmlCell(escapeHtml(check)), htmlCell(escapeHtml(reason))]),
          ),
        )}</section>`,
    `<h2>Plan</h2>${htmlTable(
      ['', 'Step', 'Command', 'Undo', 'State', 'Took'],
      steps.map((step, index) =>
        htmlRow([
          htmlCell(String(index + 1)),
          htmlCell(escapeHtml(step.title)),
          htmlCell(`<code>${escapeHtml(step.command)}</code>`),
          htmlCell(escapeHtml(step.undo ?? '')),
          htmlCell(htmlWord(step.status)),
          htmlCell(escapeHtml(step.took), 'num'),
        ]),
      ),
    )}`,
    `<h2>Timeline</h2>${timeTable(moments)}`,
    `<h2>Verification</h2>${verification.length === 0 ? '<p>Not reached.</p>' : checks(verification)}`,
    `<h2>Preflight</h2>${checks(preflight)}`,
  ];
  return htmlPage({
    title,
    body: sections.filter((section) => section !== '').join('\n'),
    footer: 'Written by tv from the journal of the run. Times are local, with their offset from UTC.',
    // The bars of the durations have their lengths as styles.
    isStrict: false,
  });
}

/** With a bar for each duration, the longest one in full width. */
function timeTable(moments: readonly Moment[]): string {
  const longest = Math.max(1, ...moments.map(({ tookMs }) => tookMs));
  const bar = (tookMs: number) =>
    tookMs === 0 ? '' : `<span class="bar" style="width:${((100 * tookMs) / longest).toFixed(1)}%"></span>`;
  return htmlTable(
    ['Time', 'After', 'What', 'Took', 'Evidence'],
    moments.map(({ at, after, what, kind, took, tookMs, evidence }) =>
      htmlRow(
        [
          htmlCell(escapeHtml(at), 'time'),
          htmlCell(escapeHtml(after), 'num'),
          htmlCell(escapeHtml(what), 'what'),
          htmlCell(escapeHtml(took) + bar(tookMs), 'num'),
          htmlCell(htmlList(evidence)),
        ],
        kind,
      ),
    ),
  );
}

function checks(all: readonly Check[]): string {
  return htmlTable(
    ['Check', 'Result', 'Found'],
    all.map(({ id, status, summary, facts = {} }) => {
      const more = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
      return htmlRow([
        htmlCell(escapeHtml(id), 'time'),
        htmlCell(htmlWord(status)),
        htmlCell(escapeHtml(summary) + htmlList(more)),
      ]);
    }),
  );
}
