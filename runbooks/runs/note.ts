import { z } from 'zod';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs note RUN TEXT`: for whoever reads the run's report. */
export default defineControl({
  title: 'Add a note to a run',
  intent:
    'Adds a note to the journal of a run that has ended: what was seen, what was done by hand. It is shown by tv runs show and in the report. Changes nothing else, and asks nothing.',
  input: {
    run: field('<run>', 'id or part of it', z.string()),
    text: field('<text>', 'the note, in quotes; at most 2000 characters are kept', z.string()),
  },
  choose: async ({ runs }, { run, text }) => ({ run: runs.find(run), direction: 'note', text }),
});
