import { z } from 'zod';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs undo ID`: the way back. */
export default defineControl({
  title: 'Undo a run',
  intent:
    'Takes back what a run has done, last step first, as its plan said it would. What was kept for this (a backup) is used and kept. Asks as the run itself does.',
  planned: true,
  input: { run: field('<run>', 'id or part of it', z.string()) },
  choose: async ({ runs }, { run }) => ({ run: runs.find(run), direction: 'undo' }),
});
