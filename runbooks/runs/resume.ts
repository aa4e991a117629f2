import * as z from 'zod';
import { TvError } from '../../src/errors/TvError.ts';
import { readRuns, unfinishedRuns } from '../../src/journal/readRuns.ts';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv resume [ID]`: continues an interrupted run. */
export default defineControl({
  title: 'Resume a run',
  summary: 'Finish an interrupted run (also: tv resume)',
  order: 3,
  risk: 'severe',
  aliases: ['resume'],
  description:
    'Continues an interrupted run: finished steps are taken from its journal, the step in flight is checked for its effect, the rest is run and verified. Asks as the run itself does.',
  planned: true,
  examples: [
    { what: 'Finish the only unfinished run', line: 'tv resume' },
    { what: 'The steps that remain', line: 'tv resume 7f3a --dry-run' },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out the only unfinished run, or the last one where that was not verified',
      z.string().optional(),
    ),
  },
  choose: async ({ runs, settings }, { run }) => {
    if (run !== undefined) return { run: runs.find(run), direction: 'resume' };
    const states = readRuns({ runs, settings });
    const unfinished = unfinishedRuns(states);
    const [only] = unfinished;
    if (only !== undefined && unfinished.length === 1) return { run: only, direction: 'resume' };
    const last = states.at(-1);
    if (unfinished.length === 0 && last?.status === 'unverified') {
      return { run: last.started.run, direction: 'resume' };
    }
    throw new TvError(
      unfinished.length === 0 ? 'run.none-fits' : 'run.ambiguous',
      unfinished.length === 0
        ? 'No run is unfinished; there is nothing to resume.'
        : 'Several runs are unfinished.',
      {
        facts: { environment: settings.environment, unfinished: unfinished.join(', ') || undefined },
        // The most urgent first.
        next:
          unfinished.length === 0
            ? { tv: ['runs', 'list'] }
            : unfinished.map((id) => ({ tv: ['resume', id] })),
        exitCode: 2,
      },
    );
  },
});
