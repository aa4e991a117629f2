import * as z from 'zod';
import { surveyRuns } from '../../src/journal/readRuns.ts';
import { isUnfinished, recoveryCommands } from '../../src/journal/runState.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { ago } from '../../src/text/format.ts';
import { table } from '../../src/text/layout.ts';

/** `tv runs list`: newest first, unfinished ones marked. */
export default defineReport({
  title: 'Runs',
  summary: 'List past and unfinished runs',
  order: 1,
  description:
    'Lists the runs of this environment: when, who, what, and how they ended. Unfinished ones can be resumed or undone.',
  examples: [{ what: 'The last five', line: 'tv runs list --limit 5' }],
  input: {
    limit: field(
      '--limit <count>',
      'how many to show (default 20)',
      z.coerce.number().int().positive().default(20),
    ),
  },
  collect: async ({ runs, settings }, { limit }) => {
    const survey = surveyRuns({ runs, settings });
    const states = survey.states.toReversed();
    return {
      journals: runs.directory,
      damaged: survey.damaged.map(({ run, error: { message, facts, next } }) => ({
        ...{ run, message, facts, next },
      })),
      total: states.length,
      runs: states.slice(0, limit).map((state) => ({
        run: state.started.run,
        runbook: state.started.runbook,
        status: state.status,
        unfinished: isUnfinished(state),
        supersededBy: state.supersededBy ?? null,
        /** Commands that resume or undo it, or release it first. */
        ways: recoveryCommands(state),
        startedAt: state.started.at,
        endedAt: state.endedAt,
        operator: `${state.lastOperator.user}@${state.lastOperator.host}`,
      })),
    };
  },
  render: ({ runs, total, journals, damaged }, paint) => {
    if (runs.length + damaged.length === 0) return `No runs yet. Journals are kept in ${journals}.\n`;
    const damage = damaged.map(({ run, message, facts }) => {
      const where = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
      return `  ${paint.bad(`✖ ${run}`)}: ${[message, ...where].join(' ')}\n`;
    });
    const rows = runs.map(({ run, status, unfinished, supersededBy, startedAt, operator }) => [
      run,
      supersededBy === null ? statusWord(status, unfinished, paint) : paint.dim(`${status}, superseded`),
      ago(new Date(startedAt), paint.now),
      paint.dim(operator),
    ]);
    // One in progress has a way only where its process cannot be seen.
    const left = runs.find(
      ({ unfinished, status, ways }) => unfinished || (status === 'running' && ways.length > 0),
    );
    const more = total > runs.length ? `\n  … and ${total - runs.length} older ones: --limit ${total}` : '';
    const ways = [...damaged.flatMap(({ next }) => next), ...(left?.ways ?? [])];
    const next = ways.length === 0 ? '' : `\n\n${paint.next(ways)}`;
    return `${damage.join('')}${table(rows)}${more}${next}\n`;
  },
});

function statusWord(status: string, unfinished: boolean, paint: Paint): string {
  if (status === 'verified' || status === 'undone') return paint.ok(status);
  return unfinished || status === 'unverified' ? paint.bad(status) : paint.warn(status);
}
