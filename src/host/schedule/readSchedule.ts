import { onHost } from '../../errors/advice.ts';
import type { Answer } from '../../errors/answer.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { parseSystemdTime } from '../parseSystemdTime.ts';
import { showUnits } from '../showUnits.ts';
import { isOnlyOffered } from '../unitFile.ts';
import { type ScheduledJob, scheduledJobs, scheduleSet, serviceUnit, timerUnit } from './scheduleUnits.ts';

export interface JobState {
  readonly name: ScheduledJob['name'];
  readonly service: string;
  readonly timer: string;
  /** Its timer is there and enabled. */
  readonly enabled: boolean;
  /** Its timer waits for its time, or its service is running. */
  readonly active: boolean;
  readonly next: Date | undefined;
  readonly running: boolean;
  /** Why a time that systemd has is missing here; missing where each is known. */
  readonly timesUnknown?: string;
  /** The latest run since the machine started: systemd forgets the ones before. */
  readonly last:
    | {
        /** Undefined where it is unknown. */
        readonly startedAt: Date | undefined;
        /** Undefined while it runs, or where it is unknown. */
        readonly endedAt: Date | undefined;
        /** systemd's word: `success`, `exit-code`, `signal` … */
        readonly result: string;
        readonly exitCode: number;
      }
    | undefined;
}

const properties = [
  ...['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'FragmentPath', 'NextElapseUSecRealtime'],
  ...['Result', 'ExecMainStartTimestamp', 'ExecMainExitTimestamp', 'ExecMainStatus'],
];

/**
 * The jobs of `tv db schedule install` as systemd has them; undefined where none of them is there.
 * @throws UnavailableError where there is no systemd to ask
 */
export async function readSchedule(host: Host): Promise<readonly JobState[] | undefined> {
  const { units } = scheduleSet;
  const shown = await showUnits(host, {
    units,
    properties,
    next: onHost('systemctl list-timers'),
  });
  const blocks = new Map(
    shown.map((unit): [string, Properties] => [unit.get('Id') ?? '', Object.fromEntries(unit)]),
  );
  const silent = units.find((unit) => (blocks.get(unit)?.['LoadState'] ?? '') === '');
  if (silent !== undefined) {
    throw new UnavailableError('host.systemd-silent', 'systemctl does not return the state of a unit.', {
      facts: { unit: silent, reason: 'its answer has no LoadState' },
      next: onHost('systemctl list-timers'),
    });
  }
  const jobs = scheduledJobs.map((job) =>
    jobState(job, blocks.get(serviceUnit(job)) ?? {}, blocks.get(timerUnit(job)) ?? {}),
  );
  const none = units.every((unit) => {
    const found = blocks.get(unit);
    return found?.['LoadState'] === 'not-found' || isOnlyOffered(unit, (name) => found?.[name]);
  });
  return none ? undefined : jobs;
}

type Properties = Readonly<Record<string, string>>;

function jobState(job: ScheduledJob, service: Properties, timer: Properties): JobState {
  const startedAt = parseSystemdTime(service['ExecMainStartTimestamp'] ?? '');
  const endedAt = parseSystemdTime(service['ExecMainExitTimestamp'] ?? '');
  const next = parseSystemdTime(timer['NextElapseUSecRealtime'] ?? '');
  const running = service['ActiveState'] === 'activating';
  const unread = [startedAt, endedAt, next].find((time) => !time.known);
  return {
    name: job.name,
    service: serviceUnit(job),
    timer: timerUnit(job),
    enabled: timer['UnitFileState'] === 'enabled',
    active: timer['ActiveState'] === 'active',
    next: timeOf(next),
    running,
    ...(unread === undefined || unread.known ? {} : { timesUnknown: unread.reason }),
    // A run whose time is unknown has ended in some way all the same.
    last:
      startedAt.known && startedAt.value === undefined
        ? undefined
        : {
            startedAt: timeOf(startedAt),
            endedAt: running ? undefined : timeOf(endedAt),
            result: service['Result'] ?? '',
            exitCode: Number(service['ExecMainStatus'] ?? 0),
          },
  };
}

function timeOf(time: Answer<Date | undefined>): Date | undefined {
  return time.known ? time.value : undefined;
}
