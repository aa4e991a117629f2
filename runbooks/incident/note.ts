import * as z from 'zod';
import { UsageError } from '../../src/errors/TvError.ts';
import { addNote, cleanNote } from '../../src/journal/notes.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { defineAction, field } from '../../src/runbook/define.ts';
import { localTime } from '../../src/text/format.ts';
import { wrap } from '../../src/text/layout.ts';

/** `tv incident note TEXT`: a line of the timeline by a person. */
export default defineAction({
  title: 'Note for an incident',
  summary: 'Add a note to the timeline of an incident',
  order: 7,
  risk: 'mild',
  // A note must not fail for a setting that has nothing to do with it.
  settings: 'as-found',
  description:
    'Adds a line with the time and your name to a file of the state directory that is only ever appended to (`incident-notes.jsonl`): what was seen, decided, or done by hand. `tv incident` shows it among all else. Changes nothing else, and asks nothing.',
  examples: [
    {
      what: 'Keep what no machine knows',
      line: 'tv incident note "RPC provider confirms an outage since 03:10"',
    },
  ],
  input: {
    text: field(
      '[text...]',
      'the note, in quotes; at most 2000 characters are kept',
      z.array(z.string()).default([]),
    ),
  },
  run: async ({ settings, clock, appendLine }, { text }) => {
    const note = cleanNote(text.join(' '));
    if (note === '')
      throw new UsageError('usage.missing-value', 'The text of the note is needed.', {
        next: { tv: ['incident', 'note', '…'] },
      });
    const { stateDirectory, environment } = settings;
    return addNote(stateDirectory, {
      ...{ text: note, environment, operator: thisOperator(), clock, appendLine },
    });
  },
  render: ({ at, text, file }, paint) =>
    `${paint.ok('✔')} ${wrap(`noted at ${localTime(new Date(at))}: ${text}`, paint.width - 2, '  ')}\n  ${paint.dim(file)}\n`,
});
