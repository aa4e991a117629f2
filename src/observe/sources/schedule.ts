import { type JobState, readSchedule } from '../../host/schedule/readSchedule.ts';
import { ago } from '../../text/format.ts';
import { howItEnded } from '../schedule.ts';
import type { Source } from '../sourceReader.ts';

/** The jobs of `tv db schedule install`; undefined where none is installed. */
export const schedule: Source<readonly JobState[] | undefined> = {
  title: 'schedule',
  read: ({ ctx }) => readSchedule(ctx.host()),
  unseen: (value) => (value === undefined ? 'no job of tv db schedule is installed' : undefined),
  describe: (jobs, now) => {
    const backup = jobs?.find(({ name }) => name === 'backup');
    if (backup === undefined) return undefined;
    const parts = [
      ...(backup.last === undefined
        ? []
        : [
            `last backup ${howItEnded(backup)}${backup.last.endedAt === undefined ? '' : ` ${ago(backup.last.endedAt, now)}`}`,
          ]),
      ...(backup.next === undefined ? [] : [`next backup ${ago(backup.next, now)}`]),
      ...(backup.timesUnknown === undefined ? [] : [`times unknown: ${backup.timesUnknown}`]),
    ];
    return parts.join(', ') || 'installed';
  },
};
