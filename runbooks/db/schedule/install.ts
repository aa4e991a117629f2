import * as z from 'zod';
import { removeFiles } from '../../../src/host/removeFiles.ts';
import { runSystemctl } from '../../../src/host/runSystemctl.ts';
import {
  cronLines,
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
  type InstallFacts,
  plannedTimers,
  scheduledCall,
  verifyInstalled,
} from '../../../src/operations/schedule.ts';
import { plannedFiles, writeUnitFiles } from '../../../src/operations/unitFiles.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../../src/runbook/define.ts';
import { byHand } from './install.byHand.ts';
import { preflightInstall } from './install.preflight.ts';

const input = {
  cron: field(
    '--cron',
    'print lines for a crontab instead, for hosts without systemd',
    z.boolean().default(false),
  ),
  tv: field(
    '--tv <path>',
    "tv's program on the host (default: this one, else tv on the host's PATH)",
    z.string().startsWith('/').optional(),
  ),
};

/** Runbook §3: the daily backup, the removal of old ones, the weekly vacuum. */
export default defineRunbook<typeof input, InstallFacts, { readonly lines: readonly string[] }>({
  title: 'Schedule database maintenance',
  summary: 'Install backup and prune timers',
  section: '3',
  order: 8,
  risk: 'moderate',
  description: `
Installs systemd timers on the host: a backup every day at 02:00, \`tv db prune\` at 03:00, a vacuum on
Sundays at 04:00. What was due while the machine was off is caught up on; runs never overlap; a run
that failed shows in \`tv status\` and in \`tv db schedule show\`.

With --cron it prints lines for root's crontab, changes nothing and asks no question. cron does
not catch up, and reports a failure in root's mail only.`,
  byHand,
  examples: [
    { what: 'Install the timers', line: 'tv db schedule install' },
    { what: 'Lines for a crontab, for a host without systemd', line: 'tv db schedule install --cron' },
  ],
  input,
  example: {
    facts: {
      environment: 'production',
      files: exampleFiles(),
      timers: scheduledJobs.map((job) => ({ unit: timerUnit(job), wasEnabled: false })),
    },
    input: { cron: false, tv: undefined },
  },
  onFailure: 'stop',
  printout: async (ctx, { cron, tv }) => {
    if (!cron) return undefined;
    const lines = cronLines(await scheduledCall(ctx, { tv }));
    const head = `# TempoVault (${ctx.settings.environment}): database maintenance, for root's crontab (crontab -e)`;
    return { data: { lines }, files: [], render: () => `${[head, ...lines].join('\n')}\n` };
  },
  preflight: preflightInstall,
  basis: ({ environment, files }) => ({ environment, files }),
  changes: ({ files, timers }) => [...plannedFiles(files), ...plannedTimers(timers, 'enabled')],
  consequence: ({ environment }) =>
    `From now on the host backs up, prunes and vacuums the database of ${environment} by itself.`,
  plan: (facts) => [writeUnitFiles(scheduleSet, facts.files, unitPaths), enableTimers(facts)],
  verify: (ctx, facts) => verifyInstalled(ctx, facts),
});

function enableTimers({ timers }: InstallFacts): Step {
  const units = timers.map(({ unit }) => unit);
  const added = timers.filter(({ wasEnabled }) => !wasEnabled).map(({ unit }) => unit);
  const undo = async (ctx: StepContext) => {
    if (added.length > 0) await runSystemctl(ctx.host(), ['disable', '--now', '--quiet', ...added]);
    await removeFiles(ctx.host(), { paths: added.map(stampFile) });
  };
  return {
    id: 'enable',
    title: 'start the timers, now and at every boot',
    command: `systemctl enable --now ${units.join(' ')}`,
    effect: 'reversible',
    undoTitle: added.length === 0 ? 'leave the timers enabled' : 'disable the timers',
    // Enabling what is enabled changes nothing.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          await runSystemctl(ctx.host(), ['enable', '--now', '--quiet', ...units]);
          return { enabled: units };
        },
        () => undo(ctx),
      ),
    undo,
    checkUndone: (ctx) => checkTimersAsBefore(ctx, timers),
  };
}

function exampleFiles(): InstallFacts['files'] {
  const call = {
    environment: 'production',
    lock: '/run/tempovault-db.lock',
    flock: '/usr/bin/flock',
    program: ['/usr/local/bin/tv'],
    flags: ['-e', 'production'],
    variables: {},
  };
  return scheduleUnits(call).map((file) => ({ ...file, before: null }));
}
