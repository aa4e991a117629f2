import type { ServiceName } from '../../config/settings.ts';
import type { LogGroup } from '../../host/journal/groups.ts';

/** What a timeline is made from. */
export const incidentSources = {
  chain: 'events of the contracts',
  journal: 'journals of the services',
  cursor: "the indexer's cursor",
  monitor: 'alerts of tv monitor',
  runs: 'runs of tv',
  calls: 'refused calls of tv',
  notes: 'notes',
} as const;

export type IncidentSource = keyof typeof incidentSources;

/** A stretch of time, both ends included. */
export interface TimeSpan {
  readonly since: Date;
  readonly until: Date;
}

/** One line of the timeline. */
export interface IncidentEntry {
  readonly at: Date;
  /** Where it lasts: its end, or null where that is not in the timeline. */
  readonly until?: Date | null;
  /** Whose it is: a service, or one of the other sources. `missing`: nothing is known of this stretch. */
  readonly of: ServiceName | Exclude<IncidentSource, 'journal'> | 'missing';
  readonly level: 'bad' | 'warn' | 'good' | 'info' | 'unknown';
  /** Cleaned, on one line. */
  readonly what: string;
  readonly details: readonly string[];
  /** The time is an estimate. */
  readonly about?: true;
}

/** A stretch that a source says nothing about. */
export interface MissingStretch {
  readonly source: IncidentSource;
  readonly from: Date;
  readonly to: Date;
  /** Without a full stop. */
  readonly reason: string;
}

/** `absent`: not in use, which is no failure; what it would say is missing all the same. */
export type ReadState = 'read' | 'partly' | 'unread' | 'absent';

export interface SourceReport {
  readonly source: IncidentSource;
  readonly state: ReadState;
  /** What was read, or why it was not. */
  readonly summary: string;
}

/** What one source adds to the timeline. */
export interface IncidentPart {
  readonly report: SourceReport;
  readonly entries: readonly IncidentEntry[];
  readonly missing: readonly MissingStretch[];
  /** What has to be known to judge it. */
  readonly remarks: readonly string[];
}

/** A stretch in which a service was down. */
export interface Outage {
  /** Null where it was down before the timeline begins. */
  readonly from: Date | null;
  /** False where its end was not seen: it went down at `from` or later. */
  readonly isSeen: boolean;
  /** Null where it was down at the end. */
  readonly to: Date | null;
  /** Starts in between that did not last. */
  readonly failedStarts: number;
  /** Time in which it was down, without those starts; within the timeline. In milliseconds. */
  readonly downMs: number;
  /** As systemd reported it. */
  readonly reason: string;
}

/** What became of one service. */
export interface ServiceStory {
  readonly service: ServiceName;
  readonly unit: string;
  /** At the end of the timeline; unknown with the reason. */
  readonly state: 'up' | 'down' | 'unknown';
  readonly why: string | null;
  readonly outages: readonly Outage[];
  /** In milliseconds: at least so long, where a part of the journal is missing. */
  readonly downMs: number;
  /** Outages that are only counted in `downMs`. */
  readonly leftOut: number;
}

/** How far a clock is from that of this machine. */
export interface ClockReading {
  readonly clock: 'host' | 'database' | 'chain';
  /** Positive: ahead of this machine. Null where it was not read. Of the chain: the time of its newest block. */
  readonly offsetMs: number | null;
  /** How much of it the reading itself may be. */
  readonly withinMs: number;
  /** Why it is unknown. */
  readonly reason: string | null;
}

export interface Incident {
  readonly environment: string;
  readonly since: Date;
  readonly until: Date;
  /** Where it was made. */
  readonly madeAt: Date;
  readonly madeBy: string;
  /** In the order of time, stretches of missing sources among them. */
  readonly entries: readonly IncidentEntry[];
  readonly services: readonly ServiceStory[];
  readonly errors: {
    readonly total: number;
    /** The most frequent first. */
    readonly groups: readonly (LogGroup & { readonly service: ServiceName })[];
    /** Entries of further kinds. */
    readonly leftOut: number;
  };
  readonly clocks: readonly ClockReading[];
  readonly sources: readonly SourceReport[];
  readonly missing: readonly MissingStretch[];
  readonly remarks: readonly string[];
}

/** A source that was not read at all. */
export function unreadPart(
  source: IncidentSource,
  span: TimeSpan,
  reason: string,
  state: 'unread' | 'absent' = 'unread',
): IncidentPart {
  return {
    report: { source, state, summary: reason },
    entries: [],
    missing: [{ source, from: span.since, to: span.until, reason }],
    remarks: [],
  };
}

/** Whether every source that is in use was read as a whole. */
export function isComplete({ sources }: Pick<Incident, 'sources'>): boolean {
  return sources.every(({ state }) => state === 'read' || state === 'absent');
}

/** All entries in the order of time, with a line for each stretch that is missing. */
export function mergeEntries(parts: readonly IncidentPart[]): readonly IncidentEntry[] {
  const stretches = mergeMissing(parts.flatMap(({ missing }) => missing)).map(
    ({ sources, from, to, reason }): IncidentEntry => ({
      at: from,
      until: to,
      of: 'missing',
      level: 'unknown',
      what: `not in this timeline: ${sources.map((source) => incidentSources[source]).join(', ')}`,
      details: [reason],
    }),
  );
  // Of one moment, what is not known comes first. The sort is stable.
  return [...stretches, ...parts.flatMap(({ entries }) => entries)].toSorted(
    (a, b) => placeOf(a) - placeOf(b),
  );
}

/** The times of blocks are whole seconds: what caused an event of a block may be later in the same one. */
function placeOf({ of, at }: IncidentEntry): number {
  return of === 'chain' ? at.getTime() + 999 : at.getTime();
}

/** Stretches that several sources leave out for the same reason, as one. */
export function mergeMissing(
  missing: readonly MissingStretch[],
): readonly (Omit<MissingStretch, 'source'> & { readonly sources: readonly IncidentSource[] })[] {
  const groups = Map.groupBy(
    missing,
    ({ from, to, reason }) => `${from.getTime()} ${to.getTime()} ${reason}`,
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { from, to, reason } = first;
    return [{ from, to, reason, sources: group.map(({ source }) => source) }];
  });
}
