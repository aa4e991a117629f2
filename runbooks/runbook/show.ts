import * as z from 'zod';
import { TvError } from '../../src/errors/TvError.ts';
import { describeProcedure } from '../../src/operations/documents/runbookDocument.ts';
import { defineReport, field } from '../../src/runbook/define.ts';

/** `tv runbook show NAME`: one chapter of the exported document. */
export default defineReport({
  title: 'One procedure',
  summary: 'Show one procedure: why, checks, steps, flags',
  order: 2,
  settings: 'none',
  description: 'Shows one procedure: why and when, what it asks, its flags, and how it ends.',
  examples: [{ what: 'A procedure, with the same by hand', line: 'tv runbook show oracle rotate-key' }],
  input: { name: field('<name...>', 'the command, as tv runbook list shows it', z.array(z.string())) },
  collect: async (
    { registry },
    { name },
  ): Promise<{ readonly command: string; readonly markdown: string }> => {
    const wanted = name.join(' ').replace(/^tv /, '');
    const entry = registry.find(({ command, aliases }) => command === wanted || aliases?.includes(wanted));
    if (entry === undefined) {
      throw new TvError('usage.unknown-name', `There is no procedure "${wanted}".`, {
        next: { tv: ['runbook', 'list'] },
        exitCode: 2,
      });
    }
    return { command: entry.command, markdown: describeProcedure(entry, (await entry.load()).default) };
  },
  render: ({ markdown }) => markdown,
});
