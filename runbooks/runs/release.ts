import * as z from 'zod';
import { UsageError } from '../../src/errors/TvError.ts';
import { isUnseen } from '../../src/journal/runState.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineControl, field } from '../../src/runbook/define.ts';

/** `tv runs release RUN --reason TEXT`: its process has ended, and that cannot be seen from here. */
export default defineControl({
  title: 'Release a run',
  summary: 'Record that a run on a lost machine has ended',
  order: 7,
  risk: 'severe',
  description:
    'For a run whose process was on a machine that is gone, or that has another name now, or in a container: it counts as in progress, and blocks others. Look for the process first. This records your word that it has ended, in the journal and in the audit log, and releases its locks; then the run can be resumed, undone or abandoned. Refused where the process can be seen from here, and where a session still holds the lock in the database. A process that runs on all the same finds its lock gone and stops before its next step.',
  examples: [
    {
      what: 'Release a run of a host that was replaced',
      line: 'tv runs release 7f3a --reason "vault-1 was replaced, see OPS-311"',
    },
  ],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
    reason: field(
      '--reason <text>',
      'how you know that it has ended; kept in the audit log',
      z.string().optional(),
    ),
  },
  choose: async (ctx, { run: named, reason }) => {
    const run = namedRun(ctx, {
      run: named,
      command: 'runs release',
      rest: ['--reason', '…'],
      qualifies: isUnseen,
    });
    if (reason === undefined) {
      throw new UsageError('usage.missing-value', '--reason is needed; it is kept in the audit log.', {
        next: { tv: ['runs', 'release', run, '--reason', '…'] },
      });
    }
    return { run, direction: 'release', reason };
  },
});
