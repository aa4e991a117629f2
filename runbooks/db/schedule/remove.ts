import { removeFiles } from '../../../src/host/removeFiles.ts';
import { runSystemctl } from '../../../src/host/runSystemctl.ts';
import { readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import { readUnitFiles } from '../../../src/host/schedule/readUnitFiles.ts';
import {
  scheduledJobs,
  scheduleUnits,
  stampFile,
  timerUnit,
  unitDirectory,
} from '../../../src/host/schedule/scheduleUnits.ts';
import { writeSystemFile } from '../../../src/host/writeSystemFile.ts';
import { withRollback } from '../../../src/operations/maintenance.ts';
import type { RemoveFacts } from '../../../src/operations/schedule.ts';
import {
  assertUnitFilesOfRun,
  checkTimersAsBefore,
  checkUnitFilesAsBefore,
  verifyRemoved,
} from '../../../src/operations/schedule.ts';
import type { Context } from '../../../src/runbook/context.ts';
import {
  defineRunbook,
  type PreflightResult,
  type Step,
  type StepContext,
} from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';

const input = {};

/** The reverse of `tv db schedule install`: what that has written, and nothing else. */
export default defineRunbook<typeof input, RemoveFacts>({
  title: 'Remove the maintenance schedule',
  summary: 'Remove the maintenance timers',
  section: '3',
  order: 10,
  risk: 'moderate',
  description: `
Stops the timers and takes away the unit files that \`tv db schedule install\` has written. Units that
somebody has changed since are left alone unless overruled; drop-ins and backups stay. A run that is
at work is not interrupted.`,
  input,
  example: {
    facts: {
      files: scheduleUnits({
        environment: 'production',
        lock: '',
        flock: '',
        tv: [],
        variables: {},
      }),
      timers: scheduledJobs.map((job) => ({ unit: timerUnit(job), wasEnabled: true })),
    },
    input: {},
  },
  onFailure: 'stop',
  preflight,
  basis: (facts) => facts,
  consequence: () => 'From then on nothing backs up the database by itself.',
  plan: (facts) => [stopTimers(facts), deleteFiles(facts)],
  verify: (ctx, facts) => verifyRemoved(ctx, facts),
});

async function preflight(ctx: Context): Promise<PreflightResult<RemoveFacts>> {
  const preflight = new Preflight(ctx);
  const files = preflight.check('units', 'host', async () => {
    const all = await readUnitFiles(ctx.host());
    const own = all.filter(({ whose }) => whose !== 'foreign');
    const edited = own.filter(({ whose }) => whose === 'edited');
    const value = own.map(({ unit, path, text }) => ({ unit, path, text }));
    if (own.length === 0) {
      return block('there is nothing here that tv db schedule install has written', {
        next: [{ tv: ['db', 'schedule', 'show'] }],
      });
    }
    if (edited.length > 0) {
      return block('unit files of the schedule were changed by hand', {
        facts: Object.fromEntries(edited.map(({ unit, path }) => [unit, path])),
        override: 'edited-units',
        value,
      });
    }
    return pass(`${own.length} files, as they were written`, value);
  });
  const timers = preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const value = jobs.map(({ timer, enabled }) => ({ unit: timer, wasEnabled: enabled }));
    const running = jobs.filter((job) => job.running).map(({ name }) => name);
    return running.length === 0
      ? pass(`${value.filter(({ wasEnabled }) => wasEnabled).length} enabled`, value)
      : warn(`${running.join(', ')}: at work now, and will finish`, { value });
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

function deleteFiles({ files, timers }: RemoveFacts): Step {
  const paths = files.map(({ path }) => path);
  const assertOwn = (ctx: StepContext) =>
    assertUnitFilesOfRun(
      ctx,
      files.map(({ path, text }) => ({ path, either: [text, null] })),
    );
  const undo = async (ctx: StepContext) => {
    await assertOwn(ctx);
    for (const { path, text } of files) await writeSystemFile(ctx.host(), { path, text });
    await runSystemctl(ctx.host(), ['daemon-reload']);
  };
  return {
    id: 'delete',
    title: `delete ${files.length} unit files`,
    command: `rm ${unitDirectory}/tempovault-db-{${scheduledJobs.map(({ name }) => name).join(',')}}.{service,timer}; systemctl daemon-reload`,
    effect: 'reversible',
    undoTitle: 'write the unit files again',
    // Deleting what is gone changes nothing.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          await assertOwn(ctx);
          await removeFiles(ctx.host(), { paths: [...paths, ...timers.map(({ unit }) => stampFile(unit))] });
          await runSystemctl(ctx.host(), ['daemon-reload']);
          // A failed run is remembered beyond its unit; systemd knows nothing of the others any more.
          await ctx.host().run(['systemctl', 'reset-failed', ...files.map(({ unit }) => unit)]);
          return { deleted: paths };
        },
        () => undo(ctx),
      ),
    assertUndoable: assertOwn,
    undo,
    checkUndone: (ctx) => checkUnitFilesAsBefore(ctx, files),
  };
}
