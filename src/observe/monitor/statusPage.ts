import { createHash } from 'node:crypto';
import { ago, duration, localTime } from '../../text/format.ts';
import { explainedBy, type Finding, factsOf, nextOf } from '../findings.ts';
import { type AnyMetric, metrics } from '../metrics.ts';
import { saidBy } from '../said.ts';
import { type EventPlace, runbookLink } from './event.ts';
import type { CheckRecord } from './history.ts';
import { firing, type MonitorCheck } from './monitor.ts';

/** Of a trend, in the units of its drawing. */
const width = 240;
const height = 40;

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#59636e;--paper:#fff;--soft:#f6f8fa;--line:#d8dee4;--good:#116329;--bad:#a40e26;--odd:#7d4e00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--paper:#0d1117;--soft:#161b22;--line:#30363d;--good:#3fb950;--bad:#ff7b72;--odd:#d29922}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:1.5rem auto;padding:0 1rem;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.75rem 0 .5rem}h3{font-size:1rem;margin:0}
.badge{display:inline-block;padding:0 .6rem;border:1px solid currentColor;border-radius:1rem;font-size:.95rem;font-weight:600}
.ok{color:var(--good)}.critical{color:var(--bad)}.warning,.unknown{color:var(--odd)}
.finding{border-left:4px solid currentColor;background:var(--soft);padding:.6rem .9rem;margin:.6rem 0}
.finding h3,.finding dl,.finding ul,.finding p{color:var(--ink)}
.finding ul,.finding p{margin:.4rem 0 0}
dl{display:grid;grid-template-columns:minmax(5rem,max-content) 1fr;gap:.1rem 1rem;margin:.4rem 0 0}
dt,.dim{color:var(--dim)}dd{margin:0}
pre{background:var(--soft);border:1px solid var(--line);padding:.6rem .9rem;margin:.4rem 0;white-space:pre-wrap}
code{font-size:.9em}
.trends{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem 2rem}
figure{margin:0}figcaption{display:flex;justify-content:space-between;gap:1rem}
svg{width:100%;height:40px;display:block;color:var(--dim)}
a{color:inherit}
footer{margin-top:2rem;color:var(--dim);font-size:.9rem}`;

/** Nothing is loaded, run, sent or framed; the one style is the page's own. */
export const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The result of a check, as one page that needs nothing else: no script, no font, no further request. */
export function statusPage(
  check: MonitorCheck,
  checks: readonly CheckRecord[],
  {
    place,
    everyMs,
    problems,
  }: {
    readonly place: EventPlace;
    readonly everyMs: number;
    readonly problems: readonly string[];
  },
): string {
  const { at, level, alerts } = check;
  const findings = firing(alerts, at);
  const next = nextOf({ findings });
  const pending = alerts.filter(({ state }) => state === 'pending');
  const { environment } = place;
  const parts = [
    `<header><h1>TempoVault · ${text(environment)} <span class="badge ${level}">${level}</span></h1></header>`,
    '<main>',
    '<h2>What is wrong</h2>',
    findings.length === 0
      ? `<p>${level === 'ok' ? 'Nothing is firing.' : 'Nothing is firing; not everything could be read.'}</p>`
      : findings
          .filter(({ cause }) => cause === null)
          .map((finding) => findingHtml(finding, findings, place))
          .join('\n'),
    list(
      'Not firing yet',
      pending.map(
        ({ finding, firstSeenAt }) => `${finding.sentence} (since ${ago(new Date(firstSeenAt), at)})`,
      ),
    ),
    list('Monitoring itself', problems),
    next.length === 0
      ? ''
      : `<h2>What to do</h2>${next.map((advice) => `<pre><code>${text(place.line(advice))}</code></pre>`).join('')}`,
    trendsHtml(checks),
    `<h2>What was read</h2><dl>${sourcesHtml(check)}</dl>`,
    '</main>',
    `<footer>Checked at <time datetime="${at.toISOString()}">${text(localTime(at))}</time>, every ${text(duration(everyMs))}. This page follows: <a href="?hold">hold it</a>, <a href="?">follow again</a>.</footer>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${level}: TempoVault ${text(environment)}</title><style>${style}</style></head><body>
${parts.filter((part) => part !== '').join('\n')}
</body></html>
`;
}

function findingHtml(finding: Finding, all: readonly Finding[], { runbookUrl }: EventPlace): string {
  const { id, level, sentence, escalation, section } = finding;
  const facts = factsOf(finding);
  const explained = explainedBy(id, all);
  const link = runbookLink(runbookUrl, section);
  const where = link === null ? '' : `runbook section ${text(section)}`;
  const about = [
    /^https?:/.test(link ?? '') ? `<a href="${text(link ?? '')}">${where}</a>` : where,
    `escalation level ${escalation}`,
  ];
  return `<article class="finding ${level}"><h3><span class="${level}">${level}:</span> ${text(sentence)}</h3>${
    facts.length === 0
      ? ''
      : `<dl>${facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('')}</dl>`
  }${
    explained.length === 0
      ? ''
      : `<p>which explains:</p><ul>${explained.map((each) => `<li>${text(each.sentence)}</li>`).join('')}</ul>`
  }<p class="dim">${about.filter((part) => part !== '').join(' · ')}</p></article>`;
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<h2>${title}</h2><ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`;
}

function trendsHtml(checks: readonly CheckRecord[]): string {
  const figures = metrics.flatMap(({ name, trend }) => {
    const points = checks.map(({ at, figures: all }) => ({ at, value: all[name] }));
    const last = points.findLast(({ value }) => value !== undefined)?.value;
    if (trend === undefined || last === undefined) return [];
    const caption = `<figcaption><span>${text(trend.title)}</span><b>${text(trend.format(last))}</b></figcaption>`;
    return [`<figure>${caption}${trendSvg(trend, points)}</figure>`];
  });
  return figures.length === 0 ? '' : `<h2>Trends</h2><div class="trends">${figures.join('\n')}</div>`;
}

type Trend = NonNullable<AnyMetric['trend']>;

interface TrendPoint {
  readonly at: number;
  readonly value: number | undefined;
}

/** A line over time; broken where the value is unknown. */
function trendSvg({ title, format, scale }: Trend, points: readonly TrendPoint[]): string {
  const values = points.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [bottom, top] = scale ?? [least, most];
  const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const x = (at: number) => (to === from ? 0 : ((at - from) / (to - from)) * width);
  const y = (value: number) =>
    top === bottom ? height - 2 : height - 2 - ((value - bottom) / (top - bottom)) * (height - 4);
  const lines: string[][] = [[]];
  for (const { at, value } of points) {
    if (value === undefined) lines.push([]);
    else lines.at(-1)?.push(`${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  }
  // One point alone would draw nothing.
  const drawn = lines
    .filter((line) => line.length > 0)
    .map(
      (line) =>
        `<polyline vector-effect="non-scaling-stroke" points="${(line.length === 1 ? [...line, ...line] : line).join(' ')}"/>`,
    );
  const label = `${title}: between ${format(least)} and ${format(most)}`;
  return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${text(label)}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">${drawn.join('')}</svg>`;
}

function sourcesHtml({ world, findings, at }: MonitorCheck): string {
  return saidBy(world, findings, at)
    .map(({ title, level, text: said }) => {
      const mark = level === 'ok' ? '' : `<span class="${level}">${level}:</span> `;
      return `<dt>${text(title)}</dt><dd>${mark}${text(said)}</dd>`;
    })
    .join('\n');
}

function text(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
