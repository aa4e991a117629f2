import type { ServiceName } from '../../config/settings.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { LogGroups } from '../../host/journal/groups.ts';
import { isError } from '../../host/journal/levels.ts';
import { JournalError, readJournalStart, streamJournal } from '../../host/journal/streamJournal.ts';
import { foldTracebacks } from '../../host/journal/tracebacks.ts';
import { readUnits, type UnitState } from '../../host/readUnits.ts';
import type { Context, Host } from '../../runbook/context.ts';
import { count, duration, howMany, localTime } from '../../text/format.ts';
import { outsideText } from '../../text/outsideText.ts';
import type {
  Incident,
  IncidentEntry,
  IncidentPart,
  MissingStretch,
  Outage,
  ServiceStory,
  TimeSpan,
} from './incident.ts';
import { UnitHistory } from './unitHistory.ts';
import { lasted } from './words.ts';

/** A million entries take about half a minute. In milliseconds. */
const limitMs = 300_000;
/** Of the errors of all services. */
const mostGroups = 100;
const longestMessage = 300;

export interface JournalPart extends IncidentPart {
  readonly services: readonly ServiceStory[];
  readonly errors: Incident['errors'];
}

/** What was counted while the journal was read. */
interface Reading {
  read: number;
  unreadable: number;
  newest: Date | undefined;
  readonly perUnit: Map<string, number>;
  readonly histories: ReadonlyMap<string, UnitHistory>;
  readonly groups: LogGroups;
  errors: number;
}

/**
 * Starts, stops and failures of the services, how long each was down, and their errors, folded. Memory does not
 * grow with the journal.
 * @param onProgress called with the number of entries that were read so far
 */
export async function readJournalPart(
  ctx: Pick<Context, 'host' | 'settings' | 'signal'>,
  span: TimeSpan,
  onProgress: (entries: number) => void,
): Promise<JournalPart> {
  const services = (Object.entries(ctx.settings.host.units) as [ServiceName, string][]).map(
    ([service, unit]) => ({ service, unit }),
  );
  const units = services.map(({ unit }) => unit);
  const host = ctx.host();
  const [start, states] = await Promise.all([
    answer(readJournalStart(host, { signal: ctx.signal })),
    answer(readUnits(host, { units })),
  ]);
  const begins = start.known ? start.value : undefined;
  // Where the journal begins later, nothing is known of the time before.
  const since = begins !== undefined && begins > span.since ? begins : span.since;
  const covered = { since, until: span.until };
  const reading: Reading = {
    ...{ read: 0, unreadable: 0, errors: 0, newest: undefined, perUnit: new Map() },
    histories: new Map(units.map((unit) => [unit, new UnitHistory(covered)])),
    groups: new LogGroups(),
  };
  const failure = await readAll(host, { units, span, signal: ctx.signal, reading, onProgress });
  const missing = missingStretches(span, { begins, failure, reading });
  const isUnread = reading.read === 0 && (failure !== undefined || begins === undefined);
  const stories = services.flatMap(({ service, unit }, index) => {
    const story = reading.histories.get(unit)?.finish(service, unit, stateOf(states, index));
    return story ?? [];
  });
  const groups = reading.groups.list().flatMap((group) => {
    const service = services.find(({ unit }) => unit === group.unit)?.service;
    if (service === undefined) return [];
    const [pattern, newest] = [group.pattern, group.newest].map((text) => outsideText(text, longestMessage));
    return [{ ...group, pattern: pattern ?? '', newest: newest ?? '', service }];
  });
  const shown = groups.slice(0, mostGroups);
  const listed = shown.reduce((sum, group) => sum + group.count, 0);
  return {
    report: reportOf({ failure, reading, isUnread, missing }),
    entries: [...stories.flatMap((story) => outageEntries(story, covered)), ...shown.map(errorEntry)],
    missing,
    remarks: remarksOf(services, { states, reading, isUnread }),
    services: stories,
    errors: { total: reading.errors, groups: shown, leftOut: reading.errors - listed },
  };
}

/** @returns why the journal was not read to its end, and whether what was read is all up to a time */
async function readAll(
  host: Host,
  {
    units,
    span,
    signal,
    reading,
    onProgress,
  }: {
    readonly units: readonly string[];
    readonly span: TimeSpan;
    readonly signal: AbortSignal;
    readonly reading: Reading;
    readonly onProgress: (entries: number) => void;
  },
): Promise<{ readonly reason: string; readonly isLate: boolean } | undefined> {
  const limit = AbortSignal.timeout(limitMs);
  const entries = streamJournal(host, {
    ...{ units, since: span.since, until: span.until, signal: AbortSignal.any([signal, limit]) },
    onEntry: (entry) => {
      reading.read += 1;
      reading.newest = entry.at;
      reading.perUnit.set(entry.unit, (reading.perUnit.get(entry.unit) ?? 0) + 1);
      reading.histories.get(entry.unit)?.add(entry);
      onProgress(reading.read);
    },
    onUnreadable: () => {
      reading.unreadable += 1;
    },
  });
  try {
    for await (const entry of foldTracebacks(entries)) {
      if (!isError(entry) && entry.frames.length === 0) continue;
      reading.errors += 1;
      reading.groups.add(entry);
    }
    return undefined;
  } catch (error) {
    if (error instanceof JournalError) return { reason: error.reason, isLate: false };
    if (error instanceof TvError) return { reason: error.message.replace(/\.$/, ''), isLate: false };
    if (!limit.aborted || signal.aborted) throw error;
    return { reason: `reading it takes longer than ${duration(limitMs)}`, isLate: true };
  }
}

function missingStretches(
  span: TimeSpan,
  {
    begins,
    failure,
    reading,
  }: {
    readonly begins: Date | undefined;
    readonly failure: { readonly reason: string; readonly isLate: boolean } | undefined;
    readonly reading: Reading;
  },
): readonly MissingStretch[] {
  const source = 'journal';
  if (failure !== undefined) {
    // journalctl names a damaged file, or entries that it may not show, and not which time they are of.
    const from = failure.isLate ? (reading.newest ?? span.since) : span.since;
    const some = reading.read === 0 || failure.isLate ? '' : 'entries may be missing: ';
    return [{ source, from, to: span.until, reason: `${some}${failure.reason}` }];
  }
  if (begins === undefined && reading.read === 0)
    return [{ source, from: span.since, to: span.until, reason: 'the journal holds no entry' }];
  if (begins === undefined || begins <= span.since) return [];
  const reason = `the journal begins ${localTime(begins)}`;
  return [{ source, from: span.since, to: begins < span.until ? begins : span.until, reason }];
}

function reportOf({
  failure,
  reading,
  isUnread,
  missing,
}: {
  readonly failure: { readonly reason: string } | undefined;
  readonly reading: Reading;
  readonly isUnread: boolean;
  readonly missing: readonly MissingStretch[];
}): IncidentPart['report'] {
  const { read, unreadable, errors } = reading;
  const torn = unreadable === 0 ? '' : `; ${howMany(unreadable, 'line')} of journalctl could not be read`;
  if (isUnread) {
    const summary = failure?.reason ?? 'the journal holds no entry';
    return { source: 'journal', state: 'unread', summary };
  }
  const entries = `${count(read)} ${read === 1 ? 'entry' : 'entries'}, ${howMany(errors, 'error')}${torn}`;
  return {
    source: 'journal',
    state: missing.length === 0 && unreadable === 0 ? 'read' : 'partly',
    summary: [entries, ...missing.map(({ reason }) => reason)].join('; '),
  };
}

function stateOf(states: Answer<readonly UnitState[]>, index: number): Answer<UnitState> {
  if (!states.known) return states;
  const state = states.value[index];
  return state === undefined
    ? { known: false, reason: 'systemd did not return its state' }
    : { known: true, value: state };
}

/** Its begin and its end, each at its time. */
function outageEntries({ service, outages }: ServiceStory, covered: TimeSpan): readonly IncidentEntry[] {
  return outages.flatMap((outage): readonly IncidentEntry[] => {
    const { from, isSeen, to, failedStarts, downMs, reason } = outage;
    const starts =
      failedStarts === 0 ? [] : [`${howMany(failedStarts, 'start')} in between did not last a minute`];
    const time = lasted(downMs);
    const down: IncidentEntry = {
      at: from === null || from < covered.since ? covered.since : from,
      until: to,
      of: service,
      level: 'bad',
      what: `down${lastsWords(outage)}: ${reason}`,
      details: [...(isSeen ? [] : ['its end was not seen: this is its last entry before']), ...starts],
      ...(isSeen ? {} : { about: true as const }),
    };
    if (to === null) return [down];
    return [down, { at: to, of: service, level: 'good', what: `up after ${time}`, details: [] }];
  });
}

function lastsWords({ from, to, downMs }: Outage): string {
  const least = from === null ? 'at least ' : '';
  return to === null
    ? `, ${least}${lasted(downMs)} until the end of the timeline`
    : ` for ${least}${lasted(downMs)}`;
}

function errorEntry(group: Incident['errors']['groups'][number]): IncidentEntry {
  const { count: times, pattern, newest, first, last, level, service } = group;
  const words = times === 1 ? newest : `${count(times)} × ${pattern}`;
  return {
    at: first,
    ...(times === 1 ? {} : { until: last }),
    of: service,
    level: level === 'critical' || level === 'error' ? 'bad' : 'warn',
    what: words === '' ? '(no text)' : words,
    details: [],
  };
}

function remarksOf(
  services: readonly Pick<ServiceStory, 'service' | 'unit'>[],
  {
    states,
    reading,
    isUnread,
  }: {
    readonly states: Answer<readonly UnitState[]>;
    readonly reading: Reading;
    readonly isUnread: boolean;
  },
): readonly string[] {
  const silent = isUnread
    ? []
    : services.flatMap(({ service, unit }, index) => {
        if (reading.perUnit.has(unit)) return [];
        const state = stateOf(states, index);
        if (state.known && state.value.loadState === 'not-found')
          return [`${unit} is not installed on this host`];
        return [
          `${service} wrote nothing to the journal in this time; Python buffers its output, so silence proves nothing`,
        ];
      });
  const unknownState = states.known
    ? []
    : [`systemd did not return the states of the units: ${states.reason}`];
  return [...silent, ...unknownState];
}
