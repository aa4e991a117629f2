import { onHost } from '../../../src/errors/advice.ts';
import { readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import { readUnitFiles } from '../../../src/host/schedule/readUnitFiles.ts';
import { ChangedSince } from '../../../src/runbook/changedSince.ts';
import type { Check, Finding } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass } from '../../../src/runbook/preflight.ts';
import { ago, localTime } from '../../../src/text/format.ts';
import type { InstallFacts, RemoveFacts } from './facts.ts';

/** The files are there byte for byte, and systemd says of each timer when it is next due. */
export async function verifyInstalled(ctx: StepContext, { files }: InstallFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', async () => {
    const found = await readUnitFiles(ctx.host());
    const wrong = files.filter(
      ({ path, text }) => !found.some((one) => one.path === path && one.text === text),
    );
    return wrong.length === 0
      ? pass(`${files.length} files, as written`)
      : block('unit files are not what was written', {
          facts: { files: wrong.map(({ path }) => path).join(', ') },
        });
  });
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const idle = jobs.filter(
      ({ active, enabled, next, running }) => !active || !enabled || (next === undefined && !running),
    );
    if (jobs.length === 0 || idle.length > 0) {
      return block('timers are not waiting for their time', {
        facts: { timers: idle.map(({ timer }) => timer).join(', ') || 'none installed' },
        next: [onHost('systemctl list-timers --all')],
      });
    }
    const now = ctx.clock.now();
    const first = jobs.flatMap(({ name, next }) => (next === undefined ? [] : [{ name, next }]));
    return pass(first.map(({ name, next }) => `${name} ${ago(next, now)} (${localTime(next)})`).join('; '));
  });
  return preflight.checks();
}

/**
 * Before unit files are written or deleted.
 * @param files of each, what it was before the run and what the run makes of it; null for no file
 * @throws ChangedSince where one is neither
 */
export async function assertUnitFilesOfRun(
  ctx: StepContext,
  files: readonly { readonly path: string; readonly either: readonly (string | null)[] }[],
): Promise<void> {
  const found = await readUnitFiles(ctx.host());
  const changed = files.filter(
    ({ path, either }) => !either.includes(found.find((one) => one.path === path)?.text ?? null),
  );
  if (changed.length === 0) return;
  throw new ChangedSince(
    ctx,
    'Unit files of the schedule are neither as before nor as this run writes them',
    {
      files: changed.map(({ path }) => path).join(', '),
    },
  );
}

/** Neither file nor timer is left. */
export async function verifyRemoved(ctx: StepContext, { files }: RemoveFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', async () => {
    const left = (await readUnitFiles(ctx.host())).filter(({ path }) =>
      files.some((file) => file.path === path),
    );
    return left.length === 0
      ? pass('gone')
      : block('unit files are still there', { facts: { files: left.map(({ path }) => path).join(', ') } });
  });
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const left = jobs.filter(({ active, enabled }) => active || enabled);
    return left.length === 0
      ? pass('none waits for its time')
      : block('timers are still there', { facts: { timers: left.map(({ timer }) => timer).join(', ') } });
  });
  return preflight.checks();
}

/** Whether unit files hold what they held before a run; null for one that was not there. */
export async function checkUnitFilesAsBefore(
  ctx: StepContext,
  files: readonly { readonly path: string; readonly text: string | null }[],
): Promise<Finding> {
  const found = await readUnitFiles(ctx.host());
  const wrong = files.filter(
    ({ path, text }) => (found.find((one) => one.path === path)?.text ?? null) !== text,
  );
  return wrong.length === 0
    ? pass(`${files.length} unit files as before the run`)
    : block('unit files are not as before the run', {
        facts: { files: wrong.map(({ path }) => path).join(', ') },
      });
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
