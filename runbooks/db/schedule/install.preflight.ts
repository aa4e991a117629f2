import { onHost } from '../../../src/errors/advice.ts';
import { detectSystemd } from '../../../src/host/detectSystemd.ts';
import { readDirectory } from '../../../src/host/readDirectory.ts';
import { readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import { readUnitFiles } from '../../../src/host/schedule/readUnitFiles.ts';
import {
  scheduledJobs,
  scheduleUnits,
  timerUnit,
  unitDirectory,
} from '../../../src/host/schedule/scheduleUnits.ts';
import { type InstallFacts, scheduledCall } from '../../../src/operations/schedule.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';

export async function preflightInstall(
  ctx: Context,
  { tv }: { readonly tv?: string | undefined },
): Promise<PreflightResult<InstallFacts>> {
  const preflight = new Preflight(ctx);
  const host = () => ctx.host();

  preflight.check('systemd', 'host', async () => {
    const next = [{ tv: ['db', 'schedule', 'install', '--cron'] }];
    const systemd = await detectSystemd(host());
    if (!systemd.available)
      return block('no systemd on this host', { facts: { systemd: systemd.reason }, next });
    const { stdout } = await host().run(['systemctl', 'show', '--property=LoadState', 'timers.target']);
    if (!stdout.includes('LoadState=loaded')) return block('systemd has no timers on this host', { next });
    const { writable } = await readDirectory(host(), { path: unitDirectory });
    if (writable) return pass(`${systemd.reason}; ${unitDirectory} can be written`);
    return block(`${unitDirectory} cannot be written by the user of host commands`, {
      next: [{ when: 'run tv as root, or set host.prefix to sudo -n', tv: ['config', 'show'] }],
    });
  });

  const call = preflight.check('tv', 'host', async () => {
    const found = await scheduledCall(ctx, { tv });
    return pass(
      `the host calls ${found.tv.slice(0, found.tv.indexOf('-e')).join(' ')}, on the same database and backups`,
      found,
    );
  });

  const before = preflight.check('units', 'host', async () => {
    const found = await readUnitFiles(host());
    const foreign = found.filter(({ whose }) => whose === 'foreign');
    const edited = found.filter(({ whose }) => whose === 'edited');
    const value = found.map(({ path, text }) => ({ path, text }));
    if (foreign.length > 0) {
      return block('units of these names are there, and tv has not made them', {
        facts: Object.fromEntries(foreign.map(({ unit, path }) => [unit, path])),
        next: ['move them away, then try again'],
      });
    }
    if (edited.length > 0) {
      return block('unit files of the schedule were changed by hand, and would be replaced', {
        facts: Object.fromEntries(edited.map(({ unit, path }) => [unit, path])),
        next: [onHost('systemctl edit UNIT', 'put the changes into a drop-in')],
        override: 'edited-units',
        value,
      });
    }
    return pass(found.length === 0 ? 'none there yet' : `${found.length} of an earlier installation`, value);
  });

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
      files: scheduleUnits(known).map((file) => ({
        ...file,
        before: files.find(({ path }) => path === file.path)?.text ?? null,
      })),
      timers: states,
    },
  };
}
