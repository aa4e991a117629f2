import { createHash } from 'node:crypto';
import { quoteForShell } from '../../text/shellLine.ts';

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

/** Where an administrator's own units go (systemd.unit(5)). */
export const unitDirectory = '/etc/systemd/system';

export function serviceUnit({ name }: Pick<ScheduledJob, 'name'>): string {
  return `tempovault-db-${name}.service`;
}

export function timerUnit({ name }: Pick<ScheduledJob, 'name'>): string {
  return `tempovault-db-${name}.timer`;
}

/** By which systemd knows what was missed while the machine was off (systemd.timer(5), "Persistent="). */
export function stampFile(timer: string): string {
  return `/var/lib/systemd/timers/stamp-${timer}`;
}

/** How the scheduled tv is called, on the host itself. */
export type ScheduledCall = {
  readonly environment: string;
  /** Absolute; one run holds it, the others wait for it. */
  readonly lock: string;
  /** Absolute path of flock(1). */
  readonly flock: string;
  /** tv and the flags that every call of it gets. */
  readonly tv: readonly string[];
  /** Not secret: it is written to world-readable files. */
  readonly variables: Readonly<Record<string, string>>;
};

export type UnitFile = {
  readonly unit: string;
  readonly path: string;
  readonly text: string;
};

/** The files of the schedule: a service and a timer for each job. */
export function scheduleUnits(call: ScheduledCall): readonly UnitFile[] {
  return scheduledJobs.flatMap((job) => [
    unitFile(serviceUnit(job), serviceText(job, call)),
    unitFile(timerUnit(job), timerText(job, call)),
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

/** `own`: as tv wrote it. `edited`: tv's, changed since. `foreign`: not tv's. */
export function whoseUnit(text: string): 'own' | 'edited' | 'foreign' {
  const [, digest, body] = /^# Made by tv db schedule install [^\n]*\((\w+)\)\n([\s\S]*)$/.exec(text) ?? [];
  if (digest === undefined || body === undefined) return 'foreign';
  return digest === digestOf(body) ? 'own' : 'edited';
}

function unitFile(unit: string, body: string): UnitFile {
  const head = `# Made by tv db schedule install and taken away by tv db schedule remove (${digestOf(body)})`;
  return { unit, path: `${unitDirectory}/${unit}`, text: `${head}\n${body}` };
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}

function serviceText(job: ScheduledJob, call: ScheduledCall): string {
  const variables = Object.entries(call.variables).map(
    ([name, value]) => `Environment=${word(`${name}=${value}`)}\n`,
  );
  return `[Unit]
Description=TempoVault: ${job.description} (${call.environment})
After=network-online.target postgresql.service

[Service]
Type=oneshot
SyslogIdentifier=tempovault-db-${job.name}
${variables.join('')}# One at a time: whoever comes later waits.
ExecStart=${commandOf(job, call).map(word).join(' ')}
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

function commandOf({ words }: ScheduledJob, { flock, lock, tv }: ScheduledCall): readonly string[] {
  return [flock, lock, ...tv, ...words];
}

/** One argument as systemd reads it: `%` and `$` would be expanded, quotes and blanks would split. */
function word(text: string): string {
  const safe = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(safe)) return safe;
  return `"${safe.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
