import * as z from 'zod';
import { readPlanFile } from '../../src/journal/planFile.ts';
import { describePlan, renderPlanFile } from '../../src/operations/approval/describePlan.ts';
import { defineReport, field } from '../../src/runbook/define.ts';

/** `tv plan show FILE`: what a dry run has written, and who has signed it. */
export default defineReport({
  title: 'A plan file',
  summary: 'Show a plan file and its signatures',
  order: 1,
  settings: 'as-found',
  description:
    'Shows a plan that a dry run has written with --out, as that dry run showed it, and the signatures beside it: whose they are, whether they are valid, and if not, why. A file that was altered, or holds anything but a plan, is refused. Whether the facts still hold is checked by the run itself.',
  examples: [{ what: 'What a colleague asks you to approve', line: 'tv plan show reindex.plan' }],
  input: { file: field('<file>', 'the plan file', z.string()) },
  collect: async (ctx, { file }) => describePlan(ctx, readPlanFile(file)),
  render: (described, paint) => {
    const next = [{ tv: ['plan', 'approve', described.file] }];
    return `${renderPlanFile(described, paint)}\n${described.state === 'open' ? `\n${paint.next(next)}\n` : ''}`;
  },
});
