import * as z from 'zod';
import { isUndoable } from '../../src/journal/runState.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs undo ID`: to the state before the run. */
export default defineControl({
  title: 'Undo a run',
  summary: 'Undo a run, last step first',
  order: 4,
  risk: 'severe',
  description:
    'Undoes the steps of a run, last one first, as its plan shows, and then reads back whether the state is the one before the run; where that is not proven it exits with 5. A backup that serves the undo is kept. Asks as the run itself does.',
  planned: true,
  examples: [
    { what: 'What would be undone', line: 'tv runs undo 7f3a --dry-run' },
    { what: 'Undo it', line: 'tv runs undo 7f3a' },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
  },
  choose: async (ctx, { run }) => ({
    run: namedRun(ctx, { run, command: 'runs undo', qualifies: isUndoable }),
    direction: 'undo',
  }),
});
