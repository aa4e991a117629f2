import { levels } from './levels.ts';
import type { LogEntry } from './tracebacks.ts';

/** Messages that differ only in numbers, hashes and addresses. */
export interface LogGroup {
  readonly unit: string;
  readonly level: LogEntry['level'];
  /** The message with those blanked: `block N of 0x…`. */
  readonly pattern: string;
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
  /** The newest message of the group, as it was written. */
  readonly newest: string;
}

/** Distinct patterns that are kept; what comes after that with a new one is only counted. */
const mostGroups = 2_000;

/** Folds like messages. Takes bounded memory, however many messages there are. */
export class LogGroups {
  readonly #groups = new Map<string, { -readonly [K in keyof LogGroup]: LogGroup[K] }>();
  readonly #most: number;
  /** Entries whose pattern came after the most that are kept. */
  leftOut = 0;

  constructor(most = mostGroups) {
    this.#most = most;
  }

  add({ at, unit, level, message }: LogEntry): void {
    const pattern = patternOf(message);
    const key = `${unit}\n${level}\n${pattern}`;
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.count += 1;
      group.last = at;
      group.newest = message;
    } else if (this.#groups.size < this.#most) {
      this.#groups.set(key, { unit, level, pattern, count: 1, first: at, last: at, newest: message });
    } else {
      this.leftOut += 1;
    }
  }

  /** The most frequent first; of equals the more severe. */
  list(): readonly LogGroup[] {
    return [...this.#groups.values()].sort(
      (a, b) => b.count - a.count || levels.indexOf(b.level) - levels.indexOf(a.level),
    );
  }
}

/** Hashes and addresses, UUIDs, ids in hex, and numbers. */
const varying =
  /\b0x[0-9a-f]+|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{16,}\b|\d+(?:[.,:]\d+)*/gi;

/** A message with hashes, addresses, ids and numbers blanked, and without its own time. */
function patternOf(message: string): string {
  return withoutOwnTime(message).replace(varying, (found) => {
    if (/^0x/i.test(found)) return '0x…';
    return /^[\d.,:]+$/.test(found) && found.length < 32 ? 'N' : '…';
  });
}

const ownTime = /^\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?\]?(?: - | |: )/;
/** How far a program's own time may be from the journal's. In milliseconds. */
const sameTimeMs = 5_000;
const quarterHourMs = 15 * 60_000;

/**
 * A message without the time that the program wrote in front of it.
 * @param at the journal's time: one that differs from it is kept, since a buffered output reaches the journal late.
 * The zone of the program's time is not known.
 */
export function withoutOwnTime(message: string, at?: Date): string {
  const found = ownTime.exec(message);
  if (found === null) return message;
  const [prefix, time = ''] = found;
  const apart = Math.abs(Date.parse(`${time.replace(' ', 'T')}Z`) - (at?.getTime() ?? 0)) % quarterHourMs;
  const isSame = apart < sameTimeMs || quarterHourMs - apart < sameTimeMs;
  return at === undefined || isSame ? message.slice(prefix.length) : message;
}
