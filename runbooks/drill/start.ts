import * as z from 'zod';
import { defineAction, field } from '../../src/runbook/define.ts';
import { seeds } from '../../src/sandbox/drill/mix.ts';
import { startDrill } from '../../src/sandbox/drill/start.ts';
import { localTime } from '../../src/text/format.ts';
import { wrap } from '../../src/text/layout.ts';

/** `tv drill start`: a sandbox with hidden faults, and the clock runs. */
export default defineAction({
  title: 'Start a drill',
  summary: 'Start a sandbox with hidden faults, against the clock',
  order: 6,
  risk: 'sandbox',
  settings: 'none',
  description:
    'Makes a sandbox of its own for this operator, with one to three hidden faults, mixed by the seed, and starts the clock once the screens of tv show them. The operator finds and mends them as at night: with `tv` alone, or by hand. What is wrong is written nowhere in the sandbox. Every operator has one drill at a time.',
  examples: [
    { what: 'Any faults, half an hour', line: 'tv drill start' },
    {
      what: 'The same faults as a colleague had, in ten minutes',
      line: 'tv drill start --seed 7 --minutes 10',
    },
  ],
  input: {
    seed: field(
      '--seed <number>',
      `which faults: the same seed, the same faults (default: any, below ${seeds})`,
      z.coerce
        .number()
        .int()
        .min(0)
        .max(seeds - 1)
        .optional(),
    ),
    minutes: field(
      '--minutes <minutes>',
      'how long the clock runs (default 30)',
      z.coerce.number().int().min(1).max(480).default(30),
    ),
  },
  run: ({ clock, tell, signal }, input) => startDrill(input, { clock, tell, signal }),
  render: ({ sandbox, seed, minutes, endsAt }, paint) => {
    const notice = `Something is wrong in ${paint.bold(sandbox)}. You have ${minutes} min, until ${localTime(new Date(endsAt))}. Find it, mend it, and end the drill. Seed ${seed} gives the same faults again.`;
    return `${paint.warn('!')} ${wrap(notice, paint.width - 2, '  ')}\n\n${paint.next([
      { tv: ['-e', sandbox, 'status'] },
      { tv: ['sandbox', 'shell', '--name', sandbox] },
      { tv: ['drill', 'status'] },
      { tv: ['drill', 'end'] },
    ])}\n`;
  },
});
