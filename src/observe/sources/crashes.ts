import type { ServiceName } from '../../config/settings.ts';
import { onHost } from '../../errors/advice.ts';
import { readJournal } from '../../host/readJournal.ts';
import { showUnits } from '../../host/showUnits.ts';
import { serviceNames } from '../../operations/service/service.ts';
import type { Source } from '../sourceReader.ts';
import { services } from './services.ts';

export interface Crash {
  /** The line of the journal that says that memory was used up, or that the kernel ended it for that. */
  readonly outOfMemory: string | undefined;
  /** Limits of the unit that are set: `LimitAS`, in bytes as systemd writes them. */
  readonly limits: Readonly<Record<string, string>>;
  /** Files that change the unit's own. */
  readonly dropIns: readonly string[];
}

const journalLines = 40;
/** What it said before that may be mended. In milliseconds. */
const recentMs = 10 * 60_000;
const memoryLimits = ['MemoryMax', 'MemoryHigh', 'LimitAS', 'LimitDATA'];
/** Python, Node.js, the C library and the kernel on memory that is used up. */
const outOfMemory = /out of memory|\bOOM\b|MemoryError|cannot allocate memory|heap limit|bad_alloc/i;

/** Why services crash that systemd had to start again, or that have failed. Of those that run well nothing is read. */
export const crashes: Source<Partial<Record<ServiceName, Crash>>> = {
  title: 'crashes',
  read: async (reader) => {
    const { ctx } = reader;
    const states = await reader.read(services);
    const crashed = serviceNames.filter((name) => {
      const { activeState, restarts, result } = states[name];
      return activeState === 'failed' || restarts > 0 || !['', 'success'].includes(result);
    });
    const read = crashed.map(async (name) => {
      const unit = ctx.settings.host.units[name];
      const [{ entries }, [shown]] = await Promise.all([
        readJournal(ctx.host(), { unit, lines: journalLines }),
        showUnits(ctx.host(), {
          units: [unit],
          properties: ['Id', 'DropInPaths', ...memoryLimits],
          next: onHost(`systemctl status ${unit}`),
        }),
      ]);
      const killed = states[name].result === 'oom-kill' ? 'the kernel ended it for its memory' : undefined;
      const since = ctx.clock.now().getTime() - recentMs;
      const line = entries.findLast(
        ({ at, message }) => at.getTime() > since && outOfMemory.test(message),
      )?.message;
      const dropIns = (shown?.get('DropInPaths') ?? '').split(' ').filter((path) => path !== '');
      const limits = memoryLimits.flatMap((limit) => {
        const value = shown?.get(limit) ?? 'infinity';
        return /^\d+$/.test(value) ? [[limit, value] as const] : [];
      });
      return [name, { outOfMemory: killed ?? line, limits: Object.fromEntries(limits), dropIns }] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  },
  describe: () => undefined,
};
