import type { Check } from './check.ts';
import type { Timeline } from './timeline.ts';

const style = `
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #d0d7de}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid #eaeef2}
td{overflow-wrap:anywhere}code{font-size:.9em;background:#f6f8fa;padding:.1em .3em;border-radius:4px}
.pass,.done,.verified,.undone{color:#116329}.block,.failed,.unverified{color:#a40e26;font-weight:600}.warn{color:#7d4e00}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}code{background:#161b22}th,td,h2{border-color:#30363d}
.pass,.done,.verified,.undone{color:#3fb950}.block,.failed,.unverified{color:#ff7b72}.warn{color:#d29922}}
@media print{body{margin:0;max-width:none}}`;

/** The timeline as one HTML file that needs nothing else: no script, no font, no request. */
export function timelineHtml(timeline: Timeline): string {
  const { title, head, overrides, preflight, steps, moments, verification } = timeline;
  const sections = [
    table(
      [],
      head.map(([name, value]) => [text(name), text(value)]),
    ),
    overrides.length === 0
      ? ''
      : `<h2>Overruled checks</h2>${table(
          ['Check', 'Reason'],
          overrides.map(({ check, reason }) => [text(check), text(reason)]),
        )}`,
    `<h2>Preflight</h2>${checks(preflight)}`,
    `<h2>Plan</h2>${table(
      ['', 'Step', 'Stands for', 'Undo', 'State'],
      steps.map((step, index) => [
        String(index + 1),
        text(step.title),
        `<code>${text(step.command)}</code>`,
        text(step.undo ?? ''),
        word(step.status),
      ]),
    )}`,
    `<h2>Timeline</h2>${table(
      ['Time', 'After', 'What', 'Took', 'Evidence'],
      moments.map(({ at, after, what, took, evidence }) => [at, after, what, took, evidence].map(text)),
    )}`,
    `<h2>Verification</h2>${verification.length === 0 ? '<p>Not reached.</p>' : checks(verification)}`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head>
<body><h1>${text(title)}</h1>
${sections.join('\n')}
</body></html>
`;
}

function checks(list: readonly Check[]): string {
  return table(
    ['Check', 'Result', 'Found'],
    list.map((check) => {
      const facts = Object.entries(check.facts ?? {}).map(
        ([name, value]) => `<br>${text(name)}: ${text(value)}`,
      );
      return [text(check.id), word(check.status), text(check.summary) + facts.join('')];
    }),
  );
}

function word(status: string): string {
  return `<span class="${text(status)}">${text(status)}</span>`;
}

/** `cells` are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<table>${head.length === 0 ? '' : row(head.map(text), 'th')}\n${body}</table>`;
}

function text(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
