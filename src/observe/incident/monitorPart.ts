import { answer } from '../../errors/answer.ts';
import type { Context } from '../../runbook/context.ts';
import { count, duration, howMany, localTime } from '../../text/format.ts';
import { outsideText } from '../../text/outsideText.ts';
import type { Level } from '../level.ts';
import { type Past, readPast } from '../monitor/history.ts';
import { historyFile } from '../monitor/monitor.ts';
import { CursorStalls } from './cursorStalls.ts';
import {
  type IncidentEntry,
  type IncidentPart,
  type MissingStretch,
  type TimeSpan,
  unreadPart,
} from './incident.ts';

/** A monitor that has not checked for longer has left something out; cron may call it every five minutes. */
const longestGapMs = 6 * 60_000;
const mostEvents = 2_000;

interface Recorded {
  /** Within the time. */
  readonly checks: number;
  /** Of all checks of the environment; undefined where it has none. */
  readonly extent: ReturnType<Past['extent']>;
  readonly gaps: readonly { readonly from: Date; readonly to: Date }[];
  readonly alerts: readonly IncidentEntry[];
  readonly unreadable: number;
  readonly leftOut: number;
  readonly stalls: CursorStalls;
}

/** What `tv monitor` has recorded on this machine: alerts as they changed, and the cursor as it was seen. */
export async function readMonitorParts(
  { settings }: Pick<Context, 'settings'>,
  span: TimeSpan,
): Promise<{ readonly alerts: IncidentPart; readonly cursor: IncidentPart }> {
  const file = historyFile(settings.stateDirectory);
  const read = await answer(readPast(file, settings.environment, (past) => recorded(past, span)));
  if (!read.known || read.value?.extent === undefined) {
    const reason = read.known ? 'tv monitor has recorded no check on this machine' : read.reason;
    const state = read.known ? 'absent' : 'unread';
    const part = unreadPart('monitor', span, reason, state);
    const alerts = { ...part, report: { ...part.report, summary: `${reason}, in ${file}` } };
    const entries = read.known ? (read.value?.alerts ?? []) : [];
    return { alerts: { ...alerts, entries }, cursor: unreadPart('cursor', span, reason, state) };
  }
  const { checks, extent, gaps, alerts, unreadable, leftOut, stalls } = read.value;
  const missing = (source: 'monitor' | 'cursor'): readonly MissingStretch[] =>
    gaps.map(({ from, to }) => ({ source, from, to, reason: 'tv monitor ran no check' }));
  const torn = unreadable === 0 ? '' : `, ${howMany(unreadable, 'record')} could not be read`;
  const seen = stalls.checks;
  return {
    alerts: {
      report: {
        source: 'monitor',
        // A monitor that is in use and ran no check at all saw nothing of this time.
        state: unreadable === 0 && checks > 0 ? 'read' : 'partly',
        summary: `${howMany(alerts.length, 'change')} of state in ${howMany(checks, 'check')}${checks > 0 ? '' : `, ${otherChecks(extent, span)}`}${torn}`,
      },
      entries: alerts,
      missing: missing('monitor'),
      remarks: leftOut === 0 ? [] : [`${howMany(leftOut, 'later change')} of alerts are counted here alone`],
    },
    cursor: {
      report: {
        source: 'cursor',
        state: seen === checks && checks > 0 ? 'read' : 'partly',
        summary:
          seen === checks
            ? `seen in ${howMany(checks, 'check')} of tv monitor`
            : `seen in ${count(seen)} of ${howMany(checks, 'check')} of tv monitor`,
      },
      entries: stalls.finish(),
      missing: [...missing('cursor'), ...stalls.unseen()],
      remarks: [],
    },
  };
}

function recorded(past: Past, span: TimeSpan): Recorded {
  const [since, until] = [span.since.getTime(), span.until.getTime()];
  const gaps: { from: Date; to: Date }[] = [];
  const stalls = new CursorStalls();
  let checks = 0;
  let last = since;
  for (const check of past.checks(since, until)) {
    if (check.at - last > longestGapMs) gaps.push({ from: new Date(last), to: new Date(check.at) });
    last = check.at;
    checks += 1;
    stalls.add(check);
  }
  if (checks === 0) gaps.push({ from: span.since, to: span.until });
  else if (until - last > longestGapMs) gaps.push({ from: new Date(last), to: span.until });
  return { checks, extent: past.extent(), gaps, stalls, ...readAlerts(past, span) };
}

/** Which checks are nearest to a time without one: old ones are not kept for ever. */
function otherChecks({ oldest, newest }: NonNullable<Recorded['extent']>, { since }: TimeSpan): string {
  return newest < since.getTime()
    ? `the newest one ${localTime(new Date(newest))}`
    : `the oldest that is kept ${localTime(new Date(oldest))}`;
}

function readAlerts(past: Past, span: TimeSpan): Pick<Recorded, 'alerts' | 'unreadable' | 'leftOut'> {
  const before = new Map<string, AlertEvent>();
  const alerts: IncidentEntry[] = [];
  let unreadable = 0;
  let leftOut = 0;
  for (const recordedEvent of past.events(span.until.getTime())) {
    const event = alertEvent(recordedEvent);
    if (event === undefined) unreadable += 1;
    else if (event.at < span.since) {
      if (event.status === 'firing') before.set(event.id, event);
      else before.delete(event.id);
    } else if (alerts.length < mostEvents) alerts.push(alertEntry(event));
    else leftOut += 1;
  }
  const firing = [...before.values()].map((event) => ({
    ...alertEntry(event),
    at: span.since,
    details: [`it fires since ${localTime(event.at)}`],
  }));
  return { alerts: [...firing, ...alerts], unreadable, leftOut };
}

/** What of a recorded change of state is shown. */
interface AlertEvent {
  readonly at: Date;
  readonly id: string;
  readonly status: 'firing' | 'resolved';
  readonly level: Level;
  readonly was: string;
  readonly sentence: string;
  readonly startsAt: Date | undefined;
}

function alertEvent(value: unknown): AlertEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, id, status, level, was, sentence, startsAt } = value as Readonly<Record<string, unknown>>;
  const time = new Date(String(at));
  const isStatus = status === 'firing' || status === 'resolved';
  if (Number.isNaN(time.getTime()) || typeof id !== 'string' || !isStatus) return undefined;
  const started = new Date(String(startsAt));
  return {
    ...{ at: time, id: outsideText(id, 200), status },
    level: level === 'critical' || level === 'unknown' ? level : 'warning',
    was: outsideText(String(was), 20),
    sentence: outsideText(typeof sentence === 'string' ? sentence : ''),
    startsAt: Number.isNaN(started.getTime()) ? undefined : started,
  };
}

const levels = { ok: 'good', warning: 'warn', critical: 'bad', unknown: 'unknown' } as const;

function alertEntry({ at, id, status, level, was, sentence, startsAt }: AlertEvent): IncidentEntry {
  const changed = was === 'ok' || status === 'resolved' ? '' : ` (was ${was})`;
  const lasted = startsAt === undefined ? '' : ` after ${duration(at.getTime() - startsAt.getTime())}`;
  const isFiring = status === 'firing';
  return {
    at,
    of: 'monitor',
    level: isFiring ? levels[level] : 'good',
    what: isFiring ? `alert ${id}, ${level}${changed}: ${sentence}` : `alert ${id} resolved${lasted}`,
    details: [],
  };
}
