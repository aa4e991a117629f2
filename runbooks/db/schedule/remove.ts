import { runSystemctl } from '../../../src/host/runSystemctl.ts';
import { readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import {
  scheduledJobs,
  scheduleSet,
  scheduleUnits,
  stampFile,
  timerUnit,
  unitPaths,
} from '../../../src/host/schedule/scheduleUnits.ts';
import { withRollback } from '../../../src/operations/maintenance.ts';
import {
  checkTimersAsBefore,
  plannedTimers,
  type RemoveFacts,
  verifyRemoved,
} from '../../../src/operations/schedule.ts';
import { checkRemovable, deleteUnitFiles, plannedDeletions } from '../../../src/operations/unitFiles.ts';
import type { Context } from '../../../src/runbook/context.ts';
import {
  defineRunbook,
  type PreflightResult,
  type Step,
  type StepContext,
} from '../../../src/runbook/define.ts';
import { Preflight, pass, warn } from '../../../src/runbook/preflight.ts';

const input = {};

/** The reverse of `tv db schedule install`: what that has written, and nothing else. */
export default defineRunbook<typeof input, RemoveFacts>({
  title: 'Remove the maintenance schedule',
  summary: 'Remove the maintenance timers',
  section: '3',
  order: 10,
  risk: 'moderate',
  description: `
Stops the timers and removes the unit files that \`tv db schedule install\` has written. Units that were
changed since are kept unless overruled; drop-ins and backups are kept too. A job that is running is not
interrupted.`,
  examples: [{ what: 'Remove the timers; the backups stay', line: 'tv db schedule remove' }],
  input,
  example: {
    facts: {
      files: scheduleUnits({
        environment: 'production',
        lock: '',
        flock: '',
        program: [],
        flags: [],
        variables: {},
      }),
      timers: scheduledJobs.map((job) => ({ unit: timerUnit(job), wasEnabled: true })),
    },
    input: {},
  },
  onFailure: 'stop',
  preflight,
  basis: (facts) => facts,
  changes: ({ files, timers }) => [...plannedTimers(timers, 'removed'), ...plannedDeletions(files)],
  consequence: () => 'From then on nothing backs up the database by itself.',
  plan: (facts) => [
    stopTimers(facts),
    deleteUnitFiles(scheduleSet, facts.files, {
      shown: unitPaths,
      more: facts.timers.map(({ unit }) => stampFile(unit)),
    }),
  ],
  verify: (ctx, facts) => verifyRemoved(ctx, facts),
});

async function preflight(ctx: Context): Promise<PreflightResult<RemoveFacts>> {
  const preflight = new Preflight(ctx);
  const files = preflight.check('units', 'host', () =>
    checkRemovable(ctx.host(), scheduleSet, { next: [{ tv: ['db', 'schedule', 'show'] }] }),
  );
  const timers = preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const value = jobs.map(({ timer, enabled }) => ({ unit: timer, wasEnabled: enabled }));
    const running = jobs.filter((job) => job.running).map(({ name }) => name);
    return running.length === 0
      ? pass(`${value.filter(({ wasEnabled }) => wasEnabled).length} enabled`, value)
      : warn(`${running.join(', ')}: running; it will not be interrupted`, { value });
  });
  const [checks, found, states] = await Promise.all([preflight.checks(), files, timers]);
  if (found === undefined || states === undefined) return { checks, facts: undefined };
  const own = states.filter(({ unit }) => found.some((file) => file.unit === unit));
  return { checks, facts: { files: found, timers: own } };
}

function stopTimers({ timers }: RemoveFacts): Step {
  const units = timers.map(({ unit }) => unit);
  const enabled = timers.filter(({ wasEnabled }) => wasEnabled).map(({ unit }) => unit);
  const undo = async (ctx: StepContext) => {
    if (enabled.length > 0) await runSystemctl(ctx.host(), ['enable', '--now', '--quiet', ...enabled]);
  };
  return {
    id: 'disable',
    title: 'stop the timers, now and for good',
    command: `systemctl disable --now ${units.join(' ')}`,
    effect: 'reversible',
    undoTitle: 'enable the timers',
    // Disabling what is disabled changes nothing.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          if (units.length > 0) await runSystemctl(ctx.host(), ['disable', '--now', '--quiet', ...units]);
          return { stopped: units };
        },
        () => undo(ctx),
      ),
    undo,
    checkUndone: (ctx) => checkTimersAsBefore(ctx, timers),
  };
}
