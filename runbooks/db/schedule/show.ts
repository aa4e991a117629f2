import { type JobState, readSchedule } from '../../../src/host/schedule/readSchedule.ts';
import { scheduledJobs } from '../../../src/host/schedule/scheduleUnits.ts';
import { hasFailed, howItEnded } from '../../../src/observe/schedule.ts';
import { defineReport } from '../../../src/runbook/define.ts';
import type { Paint } from '../../../src/runbook/paint.ts';
import { ago, localTime } from '../../../src/text/format.ts';
import { aligned } from '../../../src/text/layout.ts';

/** `tv db schedule show`: next run, last run, and how it ended. */
export default defineReport({
  title: 'Maintenance schedule',
  summary: 'Show when maintenance is due and how it last ended',
  section: '3',
  order: 9,
  description:
    'Shows for the scheduled backup, prune and vacuum when each is next due, when it last ran and how that ended.',
  examples: [{ what: 'When is the next backup, and how did the last one end', line: 'tv db schedule show' }],
  input: {},
  collect: async (ctx) => ({ jobs: (await readSchedule(ctx.host())) ?? null }),
  render: ({ jobs }, paint) => {
    if (jobs === null) {
      return `No schedule is installed on this host.\n\n${paint.next([{ tv: ['db', 'schedule', 'install'] }])}\n`;
    }
    const failed = jobs.filter(hasFailed);
    const next = [
      ...failed.map(({ service }) => `journalctl -u ${service} -n 50 --no-pager`),
      ...(jobs.every(({ active, enabled }) => active && enabled)
        ? []
        : [{ tv: ['db', 'schedule', 'install'] }]),
    ];
    return `${[
      paint.bold('Maintenance schedule'),
      ...jobs.flatMap((job) => ['', describe(job, paint)]),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
});

function describe(job: JobState, paint: Paint): string {
  const { name, next, last, enabled, active, timesUnknown } = job;
  const waits = enabled && active;
  const mark = hasFailed(job) ? paint.bad('✖') : waits ? paint.ok('✔') : paint.warn('!');
  const when = scheduledJobs.find((one) => one.name === name)?.when ?? '';
  const at = (date: Date) => `${localTime(date)}, ${ago(date, paint.now)}`;
  const rows: [string, string][] = [
    [
      'next',
      waits
        ? next === undefined
          ? timesUnknown === undefined
            ? 'as soon as this one has finished'
            : `unknown: ${timesUnknown}`
          : at(next)
        : 'never: its timer is off',
    ],
    [
      'last',
      last === undefined
        ? howItEnded(job)
        : `${last.startedAt === undefined ? 'time unknown' : at(last.startedAt)}: ${howItEnded(job)}`,
    ],
  ];
  return `${mark} ${paint.bold(name)} ${paint.dim(when)}\n${aligned(rows, paint.width)}`;
}
