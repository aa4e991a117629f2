import { z } from 'zod';
import { defineReport, field } from '../../src/runbook/define.ts';
import { renderNext } from '../../src/runbook/next.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { readRuns } from '../../src/runbook/readRuns.ts';
import { isUnfinished } from '../../src/runbook/runState.ts';
import { ago, table } from '../../src/runbook/text.ts';

/** `tv runs list`: newest first, unfinished ones marked. */
export default defineReport({
  title: 'Runs',
  intent:
    'Lists the runs of this environment: when, who, what, and how they ended. Unfinished ones can be resumed or undone.',
  input: {
    limit: field(
      '--limit <count>',
      'how many to show (default 20)',
      z.coerce.number().int().positive().default(20),
    ),
  },
  collect: async ({ runs, settings }, { limit }) => {
    const states = readRuns({ runs, settings }).toReversed();
    return {
      journals: runs.directory,
      total: states.length,
      runs: states.slice(0, limit).map((state) => ({
        run: state.started.run,
        runbook: state.started.runbook,
        status: state.status,
        unfinished: isUnfinished(state),
        startedAt: state.started.at,
        endedAt: state.endedAt,
        operator: `${state.lastOperator.user}@${state.lastOperator.host}`,
      })),
    };
  },
  render: ({ runs, total, journals }, paint) => {
    if (runs.length === 0) return `No runs yet. Journals are kept in ${journals}.\n`;
    const rows = runs.map(({ run, status, unfinished, startedAt, operator }) => [
      run,
      statusWord(status, unfinished, paint),
      ago(new Date(startedAt), paint.now),
      paint.dim(operator),
    ]);
    const left = runs.find(({ unfinished }) => unfinished);
    const more = total > runs.length ? `\n  … and ${total - runs.length} older ones: --limit ${total}` : '';
    const next =
      left === undefined
        ? ''
        : `\n\n${renderNext([`tv resume ${left.run}`, `tv runs undo ${left.run}`], paint)}`;
    return `${table(rows)}${more}${next}\n`;
  },
});

function statusWord(status: string, unfinished: boolean, paint: Paint): string {
  if (status === 'verified' || status === 'undone') return paint.ok(status);
  return unfinished || status === 'unverified' ? paint.bad(status) : paint.warn(status);
}
