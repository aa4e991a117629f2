import { quoteForShell } from '../../text/shellLine.ts';
import {
  environmentLines,
  type HostCall,
  type UnitFile,
  type UnitSet,
  unitDirectory,
  unitFile,
  unitWord,
} from '../unitFile.ts';

/** One thing that is done at its time. */
export interface ScheduledJob {
  readonly name: 'backup' | 'prune' | 'vacuum';
  /** Words of the `tv` command. */
  readonly words: readonly string[];
  /** systemd.time(7), in the host's zone. */
  readonly calendar: string;
  /** crontab(5). */
  readonly cron: string;
  /** As people say it: `02:00`. */
  readonly when: string;
  readonly description: string;
}

/**
 * An unfinished run must not cost a night's backup. Removing backups waits
 * until that is cleared up.
 */
const allTheSame = ['--override', 'unfinished-run', '--reason', 'scheduled run'];

/** Runbook section 3: its backup at 02:00, its 30 days at 03:00, its weekly vacuum. */
export const scheduledJobs: readonly ScheduledJob[] = [
  {
    name: 'backup',
    words: ['db', 'backup', ...allTheSame],
    calendar: '*-*-* 02:00:00',
    cron: '0 2 * * *',
    when: 'every day at 02:00',
    description: 'daily backup of the database',
  },
  {
    name: 'prune',
    words: ['db', 'prune', '--yes'],
    calendar: '*-*-* 03:00:00',
    cron: '0 3 * * *',
    when: 'every day at 03:00',
    description: 'removal of old backups',
  },
  {
    name: 'vacuum',
    words: ['db', 'vacuum', ...allTheSame],
    calendar: 'Sun *-*-* 04:00:00',
    cron: '0 4 * * 0',
    when: 'Sundays at 04:00',
    description: 'weekly vacuum of the database',
  },
];

export function serviceUnit({ name }: Pick<ScheduledJob, 'name'>): string {
  return `tempovault-db-${name}.service`;
}

export function timerUnit({ name }: Pick<ScheduledJob, 'name'>): string {
  return `tempovault-db-${name}.timer`;
}

/** The paths of all of them, as bash expands it. */
export const unitPaths = `${unitDirectory}/tempovault-db-{${scheduledJobs.map(({ name }) => name).join(',')}}.{service,timer}`;

/** By which systemd knows what was missed while the machine was off (systemd.timer(5), "Persistent="). */
export function stampFile(timer: string): string {
  return `/var/lib/systemd/timers/stamp-${timer}`;
}

/** Held by the job that runs. Root's alone, and gone with a reboot. */
export const scheduleLock = '/run/tempovault-db.lock';

/** How the scheduled tv is called, on the host itself. */
export type ScheduledCall = HostCall & {
  /** Absolute; one run holds it, the others wait for it. */
  readonly lock: string;
  /** Absolute path of flock(1). */
  readonly flock: string;
};

/** The schedule's units: a service and a timer for each job. */
export const scheduleSet: UnitSet = {
  maker: 'db schedule',
  units: scheduledJobs.flatMap((job) => [serviceUnit(job), timerUnit(job)]),
};

/** The files of the schedule: a service and a timer for each job. */
export function scheduleUnits(call: ScheduledCall): readonly UnitFile[] {
  return scheduledJobs.flatMap((job) => [
    unitFile('db schedule', serviceUnit(job), serviceText(job, call)),
    unitFile('db schedule', timerUnit(job), timerText(job, call)),
  ]);
}

/** The same as lines for root's crontab, which knows no catching up and no lasting record of failures. */
export function cronLines(call: ScheduledCall): readonly string[] {
  return scheduledJobs.map((job) => {
    const variables = Object.entries(call.variables).map(([name, value]) => `${name}=${value}`);
    const words = [...(variables.length === 0 ? [] : ['env', ...variables]), ...commandOf(job, call)];
    // cron takes a bare percent sign for a line break.
    return `${job.cron} ${words.map(quoteForShell).join(' ').replaceAll('%', '\\%')}`;
  });
}

function serviceText(job: ScheduledJob, call: ScheduledCall): string {
  return `[Unit]
Description=TempoVault: ${job.description} (${call.environment})
After=network-online.target postgresql.service

[Service]
Type=oneshot
SyslogIdentifier=tempovault-db-${job.name}
${environmentLines(call.variables)}# One at a time: whoever comes later waits.
ExecStart=${commandOf(job, call).map(unitWord).join(' ')}
Nice=10
`;
}

function timerText(job: ScheduledJob, call: ScheduledCall): string {
  return `[Unit]
Description=TempoVault: ${job.description}, ${job.when} (${call.environment})

[Timer]
OnCalendar=${job.calendar}
# Catches up on what was due while the machine was off.
Persistent=true

[Install]
WantedBy=timers.target
`;
}

function commandOf(
  { words }: ScheduledJob,
  { flock, lock, program, flags }: ScheduledCall,
): readonly string[] {
  return [flock, lock, ...program, ...flags, ...words];
}
