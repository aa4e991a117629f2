import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { readSchedule } from '../host/schedule/readSchedule.ts';
import { type ScheduledCall, scheduleLock, scheduleSet } from '../host/schedule/scheduleUnits.ts';
import type { UnitFile } from '../host/unitFile.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Check, Finding } from '../runbook/check.ts';
import type { Context } from '../runbook/context.ts';
import type { StepContext } from '../runbook/define.ts';
import { block, Preflight, pass, warn } from '../runbook/preflight.ts';
import { ago, localTime } from '../text/format.ts';
import { tvOnHost } from './tvOnHost.ts';
import { checkDeleted, checkWritten, type UnitChange } from './unitFiles.ts';

/** What the preflight of `tv db schedule install` has found and the plan is made from. */
export type InstallFacts = {
  readonly environment: string;
  readonly files: readonly UnitChange[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};

/** What the preflight of `tv db schedule remove` has found. */
export type RemoveFacts = {
  readonly files: readonly UnitFile[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};

/** What a plan makes of the timers, now and at boot. */
export function plannedTimers(
  timers: InstallFacts['timers'],
  afterwards: 'enabled' | 'removed',
): readonly PlannedChange[] {
  return timers.map(({ unit, wasEnabled }) => ({
    kind: 'unit',
    what: unit,
    course: [wasEnabled ? 'enabled' : 'not enabled', afterwards],
  }));
}

/** Settings in which the scheduled tv has to agree with this one. */
const decisive = ['database.url', 'backup.directory', 'backup.copy'];

/**
 * How the host itself has to call tv on a schedule, so that it works on this environment.
 * @param parameters.tv a program of the host, instead of this one
 * @throws TvError where the host has no tv or no flock, or its tv would work on something else
 */
export async function scheduledCall(
  ctx: Context,
  { tv }: { readonly tv: string | undefined },
): Promise<ScheduledCall> {
  const { stdout } = await ctx.host().run(['sh', '-c', 'command -v flock; true']);
  const flock = stdout.trim();
  if (!flock.startsWith('/')) {
    throw new TvError(
      'host.command-missing',
      'The host has no flock, which keeps scheduled runs from overlapping.',
      {
        next: onHost('apt-get install util-linux'),
      },
    );
  }
  return { ...(await tvOnHost(ctx, { tv, maker: 'db schedule', decisive })), lock: scheduleLock, flock };
}

/** The files are there byte for byte, and systemd says of each timer when it is next due. */
export async function verifyInstalled(ctx: StepContext, { files }: InstallFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', () => checkWritten(ctx, scheduleSet, files));
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const idle = jobs.filter(
      ({ active, enabled, next, running, timesUnknown }) =>
        !active || !enabled || (next === undefined && !running && timesUnknown === undefined),
    );
    if (jobs.length === 0 || idle.length > 0) {
      return block('timers are not waiting for their time', {
        facts: { timers: idle.map(({ timer }) => timer).join(', ') || 'none installed' },
        next: [onHost('systemctl list-timers --all')],
      });
    }
    const now = ctx.clock.now();
    const unread = jobs.find(({ next, running }) => next === undefined && !running)?.timesUnknown;
    if (unread !== undefined) {
      return warn(`timers are waiting; when they are next due is unknown: ${unread}`, {
        next: [onHost('systemctl list-timers --all')],
      });
    }
    const first = jobs.flatMap(({ name, next }) => (next === undefined ? [] : [{ name, next }]));
    return pass(first.map(({ name, next }) => `${name} ${ago(next, now)} (${localTime(next)})`).join('; '));
  });
  return preflight.checks();
}

/** Neither file nor timer is left. */
export async function verifyRemoved(ctx: StepContext, { files }: RemoveFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', () => checkDeleted(ctx, scheduleSet, files));
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const left = jobs.filter(({ active, enabled }) => active || enabled);
    return left.length === 0
      ? pass('none waits for its time')
      : block('timers are still there', { facts: { timers: left.map(({ timer }) => timer).join(', ') } });
  });
  return preflight.checks();
}

/** Whether timers are enabled exactly where they were before a run. */
export async function checkTimersAsBefore(
  ctx: StepContext,
  timers: InstallFacts['timers'],
): Promise<Finding> {
  const jobs = (await readSchedule(ctx.host())) ?? [];
  const wrong = timers.filter(
    ({ unit, wasEnabled }) => jobs.some(({ timer, enabled }) => timer === unit && enabled) !== wasEnabled,
  );
  return wrong.length === 0
    ? pass(`${timers.filter(({ wasEnabled }) => wasEnabled).length} timers enabled, as before the run`)
    : block('timers are not enabled as before the run', {
        facts: { timers: wrong.map(({ unit }) => unit).join(', ') },
        next: [onHost('systemctl list-timers --all')],
      });
}
