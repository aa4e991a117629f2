import { createHash } from 'node:crypto';

/** Of a document, and what else its tables need. */
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
tr.missing td{background:var(--soft);color:var(--odd)}tr.begin td{color:var(--dim)}tr.run td{background:var(--soft)}
.pass,.done,.verified,.good{color:var(--good)}
.block,.failed,.bad,.unverified,.undo-unverified,.undo-failed,.killed{color:var(--bad)}tr.failed .what{font-weight:600;color:var(--bad)}
.warn,.unknown,.undone,.taken-back,.rolled-back,.partly-rolled-back,.interrupted,.in-flight,.undoing,.running{color:var(--odd)}
tr.done td,tr.taken-back td,tr.failed td{color:var(--ink)}tr.done .what{color:var(--good)}tr.taken-back .what{color:var(--odd)}
.overruled{border-left:4px solid var(--odd);background:var(--soft);padding:.5rem 1rem;margin:1.25rem 0}
.overruled h2{margin:.25rem 0}
footer{margin-top:2.5rem;color:var(--dim);font-size:.85rem}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr{break-inside:avoid}.scroll{overflow:visible}}`;

/**
 * One HTML file that needs nothing else: no script, no font, no request.
 * @param parameters.title plain text
 * @param parameters.body HTML
 * @param parameters.isStrict nothing of it has a style of its own, so that its policy allows no other than the one here
 */
export function htmlPage({
  title,
  body,
  footer,
  isStrict,
}: {
  readonly title: string;
  readonly body: string;
  readonly footer: string;
  readonly isStrict: boolean;
}): string {
  const own = isStrict
    ? `'sha256-${createHash('sha256').update(style).digest('base64')}'`
    : "'unsafe-inline'";
  const policy = `default-src 'none'; style-src ${own}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
${body}
<footer>${escapeHtml(footer)}</footer>
</body></html>
`;
}

/** A list; nothing where it is empty. */
export function htmlList(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}

/** A word in the colour of the class of that name. */
export function htmlWord(status: string): string {
  return `<span class="${escapeHtml(status)}">${escapeHtml(status)}</span>`;
}

/** `html` is HTML already. */
export function htmlCell(html: string, kind = ''): string {
  return kind === '' ? `<td>${html}</td>` : `<td class="${kind}">${html}</td>`;
}

export function htmlRow(cells: readonly string[], kind = ''): string {
  return kind === '' ? `<tr>${cells.join('')}</tr>` : `<tr class="${kind}">${cells.join('')}</tr>`;
}

export function htmlTable(head: readonly string[], rows: readonly string[]): string {
  const names = head.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  return `<div class="scroll"><table><thead><tr>${names}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
}

/** For text and for the values of attributes in double quotes. */
export function escapeHtml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
