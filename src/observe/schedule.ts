import { onHost } from '../errors/advice.ts';
import { exitCodes } from '../errors/TvError.ts';
import type { JobState } from '../host/schedule/readSchedule.ts';
import { ago } from '../text/format.ts';
import type { SampleValue } from './sample.ts';

const reasons: Readonly<Record<number, string>> = {
  [exitCodes.blocked]: 'blocked by a check',
  [exitCodes.unverified]: 'done but not verified',
  [exitCodes.locked]: 'another operator held the lock',
  [exitCodes.interrupted]: 'interrupted',
};

/** Whether the last run of a job failed; one that is running again is not judged yet. */
export function hasFailed({ last, running }: JobState): boolean {
  return last !== undefined && !running && last.result !== 'success';
}

/** How a run ended, in words: `succeeded`, `failed: exit code 3, blocked by a check`. */
export function howItEnded({ last, running }: JobState): string {
  if (running) return 'running';
  if (last === undefined) return 'not run yet since the machine started';
  if (last.result === 'success') return 'succeeded';
  const reason = reasons[last.exitCode];
  return last.result === 'exit-code'
    ? `failed: exit code ${last.exitCode}${reason === undefined ? '' : `, ${reason}`}`
    : `failed: ${last.result}`;
}

/** The one line of a status screen: no backup is as bad as no service, the rest can wait. */
export function judgeSchedule(jobs: readonly JobState[], now: Date): SampleValue {
  const failed = jobs.filter(hasFailed);
  const idle = jobs.filter(({ active, enabled }) => !active || !enabled);
  const data = { failed: failed.map(({ name }) => name), idle: idle.map(({ name }) => name) };
  if (failed.length > 0) {
    return {
      level: failed.some(({ name }) => name === 'backup') ? 'critical' : 'warning',
      summary: failed
        .map((job) => `${job.name} ${howItEnded(job)} (${ago(job.last?.endedAt ?? now, now)})`)
        .join('; '),
      next: failed.map(({ service }) => onHost(`journalctl -u ${service} -n 50 --no-pager`)),
      data,
    };
  }
  if (idle.length > 0) {
    return {
      level: 'warning',
      summary: `nothing starts ${idle.map(({ name }) => name).join(', ')}: the timer is not enabled or not active`,
      next: [{ tv: ['db', 'schedule', 'install'] }],
      data,
    };
  }
  const backup = jobs.find(({ name }) => name === 'backup');
  const next = backup?.next === undefined ? [] : [`next backup ${ago(backup.next, now)}`];
  const last =
    backup?.last === undefined
      ? []
      : [
          `last backup ${howItEnded(backup)}${backup.running ? '' : ` ${ago(backup.last.endedAt ?? now, now)}`}`,
        ];
  return { level: 'ok', summary: [...last, ...next].join(', ') || 'installed', data };
}
