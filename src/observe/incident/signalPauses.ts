import type { ProtocolEvent } from '../../chain/readProtocolEvents.ts';
import { count, duration, howMany } from '../../text/format.ts';
import type { IncidentEntry, TimeSpan } from './incident.ts';

/** Of one pair; further ones are counted. */
const mostPauses = 100;

/** Two signals in a row, further apart than allowed; null at an end of the timeline. */
interface Pause {
  readonly from: Date | null;
  readonly to: Date | null;
  readonly about: boolean;
}

interface PairSignals {
  count: number;
  last: ProtocolEvent;
  readonly pauses: Pause[];
  more: number;
}

/** The signals of each pair, folded: how many, and where none came for longer than the contract allows. */
export class SignalPauses {
  readonly #span: TimeSpan;
  readonly #limitMs: number;
  readonly #pairs = new Map<string, PairSignals>();

  /** @param limitMs from this age on a signal is stale */
  constructor(span: TimeSpan, limitMs: number) {
    this.#span = span;
    this.#limitMs = limitMs;
  }

  /** An `OracleSignalUpdated` of a pair. */
  add(event: ProtocolEvent): void {
    const pair = event.args['pairId'] ?? '?';
    const found = this.#pairs.get(pair);
    if (found === undefined) {
      const pauses: Pause[] = [];
      if (event.at - this.#span.since.getTime() > this.#limitMs)
        pauses.push({ from: null, to: new Date(event.at), about: !event.isExact });
      this.#pairs.set(pair, { count: 1, last: event, pauses, more: 0 });
      return;
    }
    if (event.at - found.last.at > this.#limitMs) {
      const about = !event.isExact || !found.last.isExact;
      if (found.pauses.length < mostPauses)
        found.pauses.push({ from: new Date(found.last.at), to: new Date(event.at), about });
      else found.more += 1;
    }
    found.count += 1;
    found.last = event;
  }

  /**
   * @param until up to here the events were read
   * @param titleOf the name of a pair
   * @param named ids of the pairs that should have signals
   */
  entries(
    until: Date,
    titleOf: (pair: string) => string,
    named: readonly string[],
  ): readonly IncidentEntry[] {
    const { since } = this.#span;
    const never = { from: null, to: null, about: false };
    const isLong = until.getTime() - since.getTime() > this.#limitMs;
    if (this.#pairs.size === 0) return isLong ? [pauseEntry(never, 'any pair', { since, until })] : [];
    const silent = isLong ? named.filter((pair) => !this.#pairs.has(pair)) : [];
    const wholly = silent.map((pair) => pauseEntry(never, titleOf(pair), { since, until }));
    const some = [...this.#pairs].flatMap(([pair, { last, pauses, more }]) => {
      const open = until.getTime() - last.at > this.#limitMs;
      const all = open ? [...pauses, { from: new Date(last.at), to: null, about: !last.isExact }] : pauses;
      const entries = all.map((pause) => pauseEntry(pause, titleOf(pair), { since, until }));
      const details = more === 0 ? [] : [`and ${howMany(more, 'later pause')} of this pair`];
      return entries.map((entry, index) => (index === all.length - 1 ? { ...entry, details } : entry));
    });
    return [...wholly, ...some];
  }

  /** `412 signals of 3 pairs`. */
  summary(): string {
    const total = [...this.#pairs.values()].reduce((sum, one) => sum + one.count, 0);
    return total === 0 ? 'no signal' : `${count(total)} signals of ${howMany(this.#pairs.size, 'pair')}`;
  }
}

function pauseEntry({ from, to, about }: Pause, title: string, { since, until }: TimeSpan): IncidentEntry {
  const begin = from ?? since;
  const time = duration((to ?? until).getTime() - begin.getTime());
  const least = from === null || to === null ? 'at least ' : '';
  return {
    at: begin,
    until: to,
    of: 'chain',
    level: 'bad',
    what: `no signal of ${title} for ${least}${time}`,
    details: [],
    ...(about ? { about: true } : {}),
  };
}
