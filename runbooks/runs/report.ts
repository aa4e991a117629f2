import { resolve } from 'node:path';
import * as z from 'zod';
import { TvError } from '../../src/errors/TvError.ts';
import { foldRun } from '../../src/journal/runState.ts';
import { buildTimeline } from '../../src/operations/documents/timeline.ts';
import { timelineHtml } from '../../src/operations/documents/timelineHtml.ts';
import { timelineMarkdown } from '../../src/operations/documents/timelineMarkdown.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineAction, field } from '../../src/runbook/define.ts';

/** `tv runs report ID`: two files for the incident review. */
export default defineAction({
  title: 'Report of a run',
  summary: "Write a run's timeline as Markdown and HTML",
  order: 7,
  risk: 'read',
  description:
    "Writes a run's timeline, with who, what, when, evidence and durations, as Markdown and as one self-contained HTML file. Times are local, with the offset.",
  examples: [
    { what: 'For the review, as Markdown and HTML', line: 'tv runs report 7f3a --out /srv/reports' },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
    out: field('--out <directory>', 'where to write (default: here)', z.string().default('.')),
  },
  run: async (ctx, { run, out }) => {
    const { runs, writeFile } = ctx;
    const id = namedRun(ctx, { run, command: 'runs report', qualifies: () => true });
    const state = foldRun(runs.read(id));
    if (state === undefined) {
      throw new TvError('run.not-begun', 'The run had not begun; there is nothing to report.', {
        next: { tv: ['runs', 'list'] },
      });
    }
    const timeline = buildTimeline(state);
    const markdown = resolve(out, `${id}.md`);
    const html = resolve(out, `${id}.html`);
    writeFile(markdown, timelineMarkdown(timeline));
    writeFile(html, timelineHtml(timeline));
    return { run: id, status: state.status, markdown, html, timeline };
  },
  render: ({ markdown, html }) => `Markdown  ${markdown}\nHTML      ${html}\n`,
});
