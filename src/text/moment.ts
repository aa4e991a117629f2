const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const span = '(\\d+(?:\\.\\d+)?)\\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)';
const ago = new RegExp(`^(?:${span}[\\s,]*)+(?:ago)?$`, 'i');
const clockTime = /^(\d\d?):(\d\d)(?::(\d\d))?$/;
const date = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?)?$/i;

/** The forms that `parseMoment` reads, for messages. */
export const momentForms =
  '40m, 2h, 1h30m, 1 hour ago, today, yesterday, 03:12, 2026-11-23, 2026-11-23T03:12:00Z or @1795475520';

/**
 * A point in time as people write it. Without a zone it is in the local one; a clock time is the last one before
 * `now`. Undefined where it is not understood, and for a day that the calendar does not have.
 */
export function parseMoment(text: string, now: Date): Date | undefined {
  const written = text.trim();
  const word = written.toLowerCase();
  if (word === 'now') return now;
  if (word === 'today' || word === 'yesterday') return midnight(now, word === 'today' ? 0 : -1);
  const seconds = /^@(\d{1,11}(?:\.\d+)?)$/.exec(word)?.[1];
  if (seconds !== undefined) return new Date(Number(seconds) * 1000);
  if (ago.test(word)) {
    const parts = [...word.matchAll(new RegExp(span, 'g'))];
    const ms = parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * msOf(unit), 0);
    return valid(new Date(now.getTime() - ms));
  }
  const time = clockTime.exec(word);
  if (time !== null)
    return lastAt(
      time.slice(1).map((part) => Number(part ?? 0)),
      now,
    );
  return parseDate(written);
}

/** A span of time, `90s`, `30m`, `2h`, `1d`, in milliseconds; undefined for anything else. */
export function parseTimeSpan(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)\s*([smhd])$/.exec(text.trim()) ?? [];
  return Number(amount) > 0 ? Number(amount) * msOf(unit) : undefined;
}

function msOf(unit: string): number {
  return unitMs[unit.charAt(0) as keyof typeof unitMs];
}

function midnight(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
}

function lastAt([hours = 0, minutes = 0, seconds = 0]: readonly number[], now: Date): Date | undefined {
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const on = (days: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hours, minutes, seconds);
  return on(0) > now ? on(-1) : on(0);
}

function parseDate(text: string): Date | undefined {
  const [, year = '', month = '', day = '', time = '00:00', zone = ''] = date.exec(text) ?? [];
  if (year === '') return undefined;
  // Date takes 31 February for 3 March.
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (calendar.getUTCMonth() !== Number(month) - 1 || calendar.getUTCDate() !== Number(day)) return undefined;
  const offset = zone.replace(/UTC|z/i, 'Z').replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2');
  return valid(new Date(`${year}-${month}-${day}T${time}${offset}`));
}

function valid(moment: Date): Date | undefined {
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
