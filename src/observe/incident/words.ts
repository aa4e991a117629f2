import { count, duration, localTime } from '../../text/format.ts';
import {
  type ClockReading,
  type Incident,
  type IncidentEntry,
  type IncidentSource,
  incidentSources,
  mergeMissing,
  type ReadState,
  type ServiceStory,
} from './incident.ts';

/** Whose an entry is, at most eight columns wide. */
const labels: Readonly<Record<IncidentEntry['of'], string>> = {
  ...{ api: 'api', indexer: 'indexer', oracle: 'oracle', chain: 'chain', cursor: 'cursor' },
  ...{ monitor: 'monitor', runs: 'run', calls: 'call', notes: 'note', missing: 'missing' },
};

export function labelOf({ of }: Pick<IncidentEntry, 'of'>): string {
  return labels[of];
}

const marks: Readonly<Record<IncidentEntry['level'], string>> = {
  ...{ bad: '✖', warn: '!', good: '✔', info: '·', unknown: '?' },
};

export function markOf({ level }: Pick<IncidentEntry, 'level'>): string {
  return marks[level];
}

export function titleOf({ environment, since, until }: Incident): string {
  return `Incident · ${environment} · ${spanOf(since, until)}`;
}

/** `2026-11-23 03:12:00 +01:00 to 03:52:00`, the day of the end where it is another one. */
function spanOf(since: Date, until: Date): string {
  const [day, , zone] = localTime(since).split(' ');
  const [endDay, endTime, endZone] = localTime(until).split(' ');
  return day === endDay && zone === endZone
    ? `${localTime(since)} to ${endTime}`
    : `${localTime(since)} to ${localTime(until)}`;
}

/** When an entry ends: `until 03:20:16`; empty for a moment. */
export function endOf({ until }: Pick<IncidentEntry, 'until'>): string {
  if (until === undefined) return '';
  return until === null ? 'to the end of the timeline' : `until ${localTime(until)}`;
}

/** How long something lasted; a restart may take a few milliseconds. */
export function lasted(ms: number): string {
  return ms < 100 ? 'less than 0.1 s' : duration(ms);
}

/** One line a service: whether it was down, and for how long. */
export function serviceWords(story: ServiceStory): string {
  const { state, why, outages, downMs, leftOut } = story;
  const number = outages.length + leftOut;
  const open = outages.at(-1)?.to === null;
  const least = why !== null || outages.some(({ from, isSeen }) => from === null || !isSeen);
  const times = number === 1 ? 'once' : `${count(number)} times`;
  const down =
    number === 0
      ? state === 'unknown'
        ? 'unknown whether it was up'
        : why === null
          ? 'no stop or failure recorded'
          : 'up at the end'
      : `down ${times}, ${least ? 'at least ' : ''}${lasted(downMs)}${open ? ', still down at the end' : ''}`;
  return why === null ? down : `${down}; ${why}`;
}

/** Whether it was up all the time, as far as that was read. */
export function serviceLevel({ state, why, outages, leftOut }: ServiceStory): IncidentEntry['level'] {
  if (outages.length + leftOut > 0) return 'bad';
  return state === 'unknown' || why !== null ? 'unknown' : 'good';
}

/** How far a clock is from this machine's, in words. */
export function clockWords({ clock, offsetMs, withinMs, reason }: ClockReading): string {
  if (offsetMs === null) return `unknown: ${reason ?? 'it was not read'}`;
  const within = `± ${duration(withinMs)}`;
  // A block is made when its time comes: that of the newest one is a little old.
  if (clock === 'chain')
    return offsetMs <= withinMs
      ? `newest block ${duration(Math.max(0, -offsetMs))} old by this machine's clock (${within})`
      : `newest block ${duration(offsetMs)} ahead of this machine's clock (${within})`;
  if (Math.abs(offsetMs) <= withinMs) return `as this machine's (${within})`;
  const side = offsetMs > 0 ? 'ahead of' : 'behind';
  return `${duration(Math.abs(offsetMs))} ${side} this machine's (${within})`;
}

export const clockTitles: Readonly<Record<ClockReading['clock'], string>> = {
  host: 'host (journal)',
  database: 'database',
  chain: 'chain (events)',
};

/** One line for each stretch: `alerts of tv monitor, 2026-11-23 03:12:00 +01:00 to 03:20:00: reason`. */
export function missingLines({ missing }: Pick<Incident, 'missing'>): readonly string[] {
  return mergeMissing(missing).map(
    ({ sources, from, to, reason }) =>
      `${sources.map((source) => incidentSources[source]).join(', ')}, ${spanOf(from, to)}: ${reason}`,
  );
}

export function sourceTitle(source: IncidentSource): string {
  return incidentSources[source];
}

export const stateLevels: Readonly<Record<ReadState, IncidentEntry['level']>> = {
  ...{ read: 'good', partly: 'warn', unread: 'bad', absent: 'unknown' },
};

/** What an empty timeline means. */
export function emptyWords({ missing }: Pick<Incident, 'missing'>): string {
  return missing.length === 0
    ? 'Nothing was recorded in this time, and every source was read.'
    : 'Nothing was recorded in this time by the sources that could be read.';
}
