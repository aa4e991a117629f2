import * as z from 'zod';
import { UsageError } from '../../src/errors/TvError.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs note RUN TEXT`: for the readers of the run's report. */
export default defineControl({
  title: 'Add a note to a run',
  summary: 'Add a note to a run, for its report',
  order: 6,
  risk: 'mild',
  description:
    'Adds a note to the journal of a run that is not in progress: what was seen, what was done by hand. It is shown by tv runs show and in the report. Changes nothing else, and asks nothing.',
  examples: [
    {
      what: 'Add what the journal does not know',
      line: 'tv runs note 7f3a "the provider was told at 03:40"',
    },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
    text: field('[text]', 'the note, in quotes; at most 2000 characters are kept', z.string().optional()),
  },
  choose: async (ctx, { run: named, text }) => {
    const run = namedRun(ctx, {
      ...{ run: named, command: 'runs note', rest: ['…'] },
      qualifies: ({ status }) => status !== 'running',
    });
    if (text === undefined) {
      throw new UsageError('usage.missing-value', 'The text of the note is needed.', {
        next: { tv: ['runs', 'note', run, '…'] },
      });
    }
    return { run, direction: 'note', text };
  },
});
