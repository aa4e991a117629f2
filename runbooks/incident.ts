import { resolve } from 'node:path';
import * as z from 'zod';
import { UsageError } from '../src/errors/TvError.ts';
import { collectIncident, IncidentProgress } from '../src/observe/incident/collect.ts';
import { isComplete, type TimeSpan } from '../src/observe/incident/incident.ts';
import { incidentHtml } from '../src/observe/incident/incidentHtml.ts';
import { incidentMarkdown } from '../src/observe/incident/incidentMarkdown.ts';
import { defineAction, field, type InputOf } from '../src/runbook/define.ts';
import { moment } from '../src/runbook/inputs.ts';
import { parseMoment } from '../src/text/moment.ts';
import { byHand } from './incident.byHand.ts';
import { renderIncident } from './incident.render.ts';

/** How often it is said how far it is, in milliseconds. */
const tellEveryMs = 2_000;
const help = { tv: ['incident', '--help'] };

const input = {
  since: field('--since <time>', 'from this time on: 40m, 2h, "1 hour ago", 03:12, ISO', moment.optional()),
  until: field('--until <time>', 'up to this time (default: now)', moment.optional()),
  markdown: field('--markdown', 'print it as Markdown', z.boolean().default(false)),
  html: field(
    '--html <file>',
    'write it as one HTML file (*.html) that needs nothing else',
    z.string().endsWith('.html', 'expected a name that ends in .html').optional(),
  ),
};

/** `tv incident`: what happened, in one order. */
export default defineAction({
  title: 'Incident',
  summary: 'Show what happened since a time, as one timeline',
  section: '9',
  order: 6,
  risk: 'read',
  // It is wanted most when something is wrong, be it a setting.
  settings: 'as-found',
  description: `Merges what is known of a stretch of time: events of the contracts (changes of roles, pause and breakers one by one, pauses between signals, the rest folded), stretches in which the indexer's cursor stood, starts, stops and failures of the services with how long each was down, their errors folded and counted, alerts of \`tv monitor\`, runs of tv with who, why and the outcome, refused calls, and notes (\`tv incident note\`).

Alerts and stalls of the cursor come from what \`tv monitor\` has recorded on this machine, runs, calls and notes from the state directory. Times are shown as each source recorded them; how far its clock is from that of this machine is shown as well.

A source that could not be read is named with its reason and with the stretch that is missing from the timeline, and the exit code is 1. A source that is not in use, such as a monitor that never ran, leaves out a stretch too, but fails nothing.`,
  byHand,
  examples: [
    { what: 'What happened in the last 40 minutes', line: 'tv incident --since 40m' },
    {
      what: 'For the review, as a page to send around',
      line: 'tv incident --since 03:12 --until 04:40 --html incident.html',
    },
  ],
  input,
  run: async (ctx, given) => {
    if (given.markdown && (ctx.output.json || given.html !== undefined)) {
      throw new UsageError(
        'usage.conflicting-flags',
        `--markdown and ${ctx.output.json ? '--json' : '--html'} exclude each other.`,
        { next: help },
      );
    }
    const span = chooseSpan(given, ctx.clock.now());
    const progress = new IncidentProgress();
    ctx.tell('reading chain, journals, database and state directory …');
    const timer = setInterval(() => ctx.tell(progress.words()), tellEveryMs);
    try {
      const incident = await collectIncident(ctx, span, progress);
      const html = given.html === undefined ? null : resolve(given.html);
      if (html !== null) ctx.writeFile(html, incidentHtml(incident));
      return { ...incident, html };
    } finally {
      clearInterval(timer);
    }
  },
  render: (data, paint, { markdown }) => {
    if (markdown) return incidentMarkdown(data);
    return data.html === null ? renderIncident(data, paint) : `HTML  ${data.html}\n`;
  },
  exitCode: (data) => (isComplete(data) ? 0 : 1),
});

/** @throws UsageError */
export function chooseSpan(
  { since, until }: Pick<InputOf<typeof input>, 'since' | 'until'>,
  now: Date,
): TimeSpan {
  if (since === undefined)
    throw new UsageError('usage.missing-value', '--since is needed: the time from which on.', {
      next: { tv: ['incident', '--since', '40m'] },
    });
  const end = until === undefined ? now : parseMoment(until, now);
  const begin = parseMoment(since, now);
  if (begin === undefined || end === undefined)
    throw new UsageError('usage.malformed-value', 'That is not a time.', { next: help });
  if (begin >= now)
    throw new UsageError('usage.malformed-value', '--since lies in the future.', {
      facts: { given: since, now: now.toISOString() },
      next: help,
    });
  // Nothing is known of the future.
  const last = end > now ? now : end;
  if (begin >= last)
    throw new UsageError('usage.conflicting-flags', '--until has to be later than --since.', {
      facts: { since: begin.toISOString(), until: last.toISOString() },
      next: help,
    });
  return { since: begin, until: last };
}
