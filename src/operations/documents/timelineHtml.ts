import type { Check } from '../../runbook/check.ts';
import type { Moment, Timeline } from './timeline.ts';

const style = `
:root{--ink:#1b1f24;--dim:#59636e;--paper:#fff;--soft:#f6f8fa;--line:#d8dee4;--good:#116329;--bad:#a40e26;--odd:#7d4e00;--bar:#b6d4fe}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--paper:#0d1117;--soft:#161b22;--line:#30363d;--good:#3fb950;--bad:#ff7b72;--odd:#d29922;--bar:#1f4a86}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1.25rem;color:var(--ink);background:var(--paper)}
header{border-bottom:2px solid var(--line);padding-bottom:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:2.25rem 0 .5rem}
.badge{display:inline-block;padding:.1rem .7rem;border:1px solid currentColor;border-radius:1rem;font-size:.95rem;font-weight:600;margin-left:.6rem;vertical-align:.15rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:1rem 0 0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{color:var(--dim);font-weight:600;font-size:.85rem;text-align:left;border-bottom:1px solid var(--line);padding:.3rem .8rem .3rem 0}
td{vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td ul{margin:0;padding:0;list-style:none;font-size:.9rem;color:var(--dim)}
code{font-size:.87em;background:var(--soft);padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere}
.time{white-space:nowrap;font-variant-numeric:tabular-nums;overflow-wrap:normal}
.num{white-space:nowrap;text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:normal}
.what{min-width:16rem}
.bar{display:block;height:.3rem;min-width:2px;margin:.15rem 0 0 auto;border-radius:2px;background:var(--bar)}
tr.begin td{color:var(--dim)}tr.run td{background:var(--soft)}
.pass,.done,.verified{color:var(--good)}
.block,.failed,.unverified,.undo-unverified,.undo-failed,.killed{color:var(--bad)}tr.failed .what{font-weight:600;color:var(--bad)}
.warn,.undone,.taken-back,.rolled-back,.partly-rolled-back,.interrupted,.in-flight,.undoing,.running{color:var(--odd)}
tr.done td,tr.taken-back td,tr.failed td{color:var(--ink)}tr.done .what{color:var(--good)}tr.taken-back .what{color:var(--odd)}
.overruled{border-left:4px solid var(--odd);background:var(--soft);padding:.5rem 1rem;margin:1.25rem 0}
.overruled h2{margin:.25rem 0}
footer{margin-top:2.5rem;color:var(--dim);font-size:.85rem}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr{break-inside:avoid}.scroll{overflow:visible}}`;

/** The timeline as one HTML file that needs nothing else: no script, no font, no request. */
export function timelineHtml(timeline: Timeline): string {
  const { title, outcome, head, overrides, preflight, steps, moments, verification } = timeline;
  const sections = [
    `<header><h1>${text(title)} <span class="badge ${text(outcome)}">${text(outcome)}</span></h1>
<dl>${head.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('\n')}</dl></header>`,
    overrides.length === 0
      ? ''
      : `<section class="overruled"><h2>Overruled checks</h2>${table(
          ['Check', 'Reason'],
          overrides.map(({ check, reason }) => row([cell(text(check)), cell(text(reason))])),
        )}</section>`,
    `<h2>Plan</h2>${table(
      ['', 'Step', 'Command', 'Undo', 'State', 'Took'],
      steps.map((step, index) =>
        row([
          cell(String(index + 1)),
          cell(text(step.title)),
          cell(`<code>${text(step.command)}</code>`),
          cell(text(step.undo ?? '')),
          cell(word(step.status)),
          cell(text(step.took), 'num'),
        ]),
      ),
    )}`,
    `<h2>Timeline</h2>${timeTable(moments)}`,
    `<h2>Verification</h2>${verification.length === 0 ? '<p>Not reached.</p>' : checks(verification)}`,
    `<h2>Preflight</h2>${checks(preflight)}`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head>
<body>
${sections.filter((section) => section !== '').join('\n')}
<footer>Written by tv from the journal of the run. Times are local, with their offset from UTC.</footer>
</body></html>
`;
}

/** With a bar for each duration, the longest one in full width. */
function timeTable(moments: readonly Moment[]): string {
  const longest = Math.max(1, ...moments.map(({ tookMs }) => tookMs));
  const bar = (tookMs: number) =>
    tookMs === 0 ? '' : `<span class="bar" style="width:${((100 * tookMs) / longest).toFixed(1)}%"></span>`;
  return table(
    ['Time', 'After', 'What', 'Took', 'Evidence'],
    moments.map(({ at, after, what, kind, took, tookMs, evidence }) =>
      row(
        [
          cell(text(at), 'time'),
          cell(text(after), 'num'),
          cell(text(what), 'what'),
          cell(text(took) + bar(tookMs), 'num'),
          cell(list(evidence)),
        ],
        kind,
      ),
    ),
  );
}

function checks(all: readonly Check[]): string {
  return table(
    ['Check', 'Result', 'Found'],
    all.map(({ id, status, summary, facts = {} }) => {
      const more = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
      return row([cell(text(id), 'time'), cell(word(status)), cell(text(summary) + list(more))]);
    }),
  );
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
}

function word(status: string): string {
  return `<span class="${text(status)}">${text(status)}</span>`;
}

/** `html` is HTML already. */
function cell(html: string, kind = ''): string {
  return kind === '' ? `<td>${html}</td>` : `<td class="${kind}">${html}</td>`;
}

function row(cells: readonly string[], kind = ''): string {
  return kind === '' ? `<tr>${cells.join('')}</tr>` : `<tr class="${kind}">${cells.join('')}</tr>`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  const names = head.map((name) => `<th>${text(name)}</th>`).join('');
  return `<div class="scroll"><table><thead><tr>${names}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
}

function text(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
