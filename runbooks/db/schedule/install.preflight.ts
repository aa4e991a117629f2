import { onHost } from '../../../src/errors/advice.ts';
import { readDirectory } from '../../../src/host/readDirectory.ts';
import { readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import {
  scheduledJobs,
  scheduleSet,
  scheduleUnits,
  timerUnit,
} from '../../../src/host/schedule/scheduleUnits.ts';
import { type InstallFacts, scheduledCall } from '../../../src/operations/schedule.ts';
import { checkReplaceable, checkSystemd, unitChanges } from '../../../src/operations/unitFiles.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { need, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';

export async function preflightInstall(
  ctx: Context,
  { tv }: { readonly tv?: string | undefined },
): Promise<PreflightResult<InstallFacts>> {
  const preflight = new Preflight(ctx);
  const host = () => ctx.host();

  preflight.check('systemd', 'host', () =>
    checkSystemd(host(), {
      needs: 'timers.target',
      next: [{ tv: ['db', 'schedule', 'install', '--cron'] }],
    }),
  );

  const call = preflight.check('tv', 'host', async () => {
    const found = await scheduledCall(ctx, { tv });
    return pass(`the host calls ${found.program.join(' ')}, on the same database and backups`, found);
  });

  const before = preflight.check('units', 'host', () => checkReplaceable(host(), scheduleSet));

  const timers = preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(host())) ?? [];
    const value = scheduledJobs.map((job) => ({
      unit: timerUnit(job),
      wasEnabled: jobs.some(({ name, enabled }) => name === job.name && enabled),
    }));
    const enabled = value.filter(({ wasEnabled }) => wasEnabled).length;
    return pass(enabled === 0 ? 'none enabled yet' : `${enabled} enabled already`, value);
  });

  preflight.check('backups', 'host', async () => {
    const { directory } = ctx.settings.backup;
    await need(call, 'tv');
    const { exists, isDirectory, writable } = await readDirectory(host(), { path: directory });
    if (isDirectory && writable) return pass(`go to ${directory}`);
    return warn(
      `${directory} ${isDirectory ? 'cannot be written' : exists ? 'is not a folder' : 'is not there'}: every backup will fail`,
      {
        next: [onHost(`${exists ? 'ls -ld' : 'mkdir -p'} ${quoteForShell(directory)}`)],
      },
    );
  });

  const [checks, known, files, states] = await Promise.all([preflight.checks(), call, before, timers]);
  if (known === undefined || files === undefined || states === undefined) return { checks, facts: undefined };
  return {
    checks,
    facts: {
      environment: ctx.settings.environment,
      files: unitChanges(scheduleUnits(known), files),
      timers: states,
    },
  };
}
