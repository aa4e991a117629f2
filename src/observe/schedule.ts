import { exitCodes } from '../errors/TvError.ts';
import type { JobState } from '../host/schedule/readSchedule.ts';

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
