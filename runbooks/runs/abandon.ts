import * as z from 'zod';
import { UsageError } from '../../src/errors/TvError.ts';
import { isUnfinished } from '../../src/journal/runState.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs abandon RUN --reason TEXT`: closes a run as it is. */
export default defineControl({
  title: 'Abandon a run',
  summary: 'Close a run without finishing or undoing it',
  order: 5,
  risk: 'severe',
  description:
    'Closes a run that can be neither finished nor undone, with a reason that is kept in the audit log. Only the record changes: completed steps are kept, and the run no longer blocks others. What it has made and not removed (the copy of a reindex, its second indexer) is named, with the line that removes it. Every transaction that the run signed is looked up on every node first. Unless each is proven to have had no effect, the same command with the same effect stays blocked (--override unfinished-run). Prefer tv resume: it looks them up too, and sends none twice. Check tv status first. Also closes a run whose journal cannot be read. Asks the same question as the run itself.',
  examples: [
    {
      what: 'Close a run that was finished by hand',
      line: 'tv runs abandon 7f3a --reason "finished by hand, see OPS-311"',
    },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
    reason: field('--reason <text>', 'why it is closed; kept in the audit log', z.string().optional()),
  },
  choose: async (ctx, { run: named, reason }) => {
    const run = namedRun(ctx, {
      ...{ run: named, command: 'runs abandon', rest: ['--reason', '…'], damaged: true },
      qualifies: (state) => isUnfinished(state) || state.status === 'unverified',
    });
    if (reason === undefined) {
      throw new UsageError('usage.missing-value', '--reason is needed; it is kept in the audit log.', {
        next: { tv: ['runs', 'abandon', run, '--reason', '…'] },
      });
    }
    return { run, direction: 'abandon', reason };
  },
});
