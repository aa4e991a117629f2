import type { ServiceName } from '../../config/settings.ts';
import type { Answer } from '../../errors/answer.ts';
import type { UnitEntry, UnitEvent } from '../../host/journal/entry.ts';
import type { UnitState } from '../../host/readUnits.ts';
import { localTime } from '../../text/format.ts';
import { outsideText } from '../../text/outsideText.ts';
import type { Outage, ServiceStory, TimeSpan } from './incident.ts';

/** A service that was up for less than this between two outages did not really start. In milliseconds. */
const lastsMs = 60_000;
/** Output before the first start of a service is that of its preparation. In milliseconds. */
const preparationMs = 5_000;
/** Of one unit; further ones are only counted. */
const mostOutages = 500;

interface Open {
  readonly from: Date | null;
  readonly isSeen: boolean;
  /** It failed, and was not asked to stop. */
  readonly hasFailed: boolean;
  reason: string;
}

/**
 * Whether a unit was up, folded from its journal entries in the order of time. Takes bounded memory: a service that
 * starts and fails again and again is one outage.
 */
export class UnitHistory {
  readonly #span: TimeSpan;
  readonly #outages: { -readonly [K in keyof Outage]: Outage[K] }[] = [];
  /** Whether the last of them was a failure. */
  #hadFailed = false;
  #state: 'up' | 'down' | 'unknown' = 'unknown';
  #open: Open | undefined;
  #first: Date | undefined;
  #last: UnitEntry | undefined;
  #killedFor: string | undefined;
  #leftOut = 0;
  #leftOutMs = 0;

  /** @param span what the journal covers: an outage before it is not counted */
  constructor(span: TimeSpan) {
    this.#span = span;
  }

  add(entry: UnitEntry): void {
    const { event, at } = entry;
    if (event === 'started') this.#comeUp(entry);
    else if (event === 'out-of-memory') this.#killedFor = wordsOf(entry);
    else if (event === 'stopping') this.#goDown(at, 'stopped on request', event);
    else if (event === 'stopped') this.#goDown(at, 'stopped', event);
    else if (event === 'succeeded') this.#goDown(at, 'ended by itself, without an error');
    else if (event !== undefined) this.#goDown(at, wordsOf(entry), event);
    this.#first ??= at;
    this.#last = entry;
  }

  /**
   * @param state what systemd reports now; it decides only about a time since which it has not changed
   * @returns what became of the unit until the end of the span
   */
  finish(service: ServiceName, unit: string, state: Answer<UnitState>): ServiceStory {
    const why = this.#settle(state);
    this.#end(null);
    const outages = this.#outages;
    const downMs = outages.reduce((sum, one) => sum + one.downMs, this.#leftOutMs);
    return { service, unit, state: this.#state, why, outages, downMs, leftOut: this.#leftOut };
  }

  /** Compares with systemd's state; returns why that of the unit is unknown. */
  #settle(state: Answer<UnitState>): string | null {
    const { until } = this.#span;
    if (!state.known) return this.#state === 'unknown' ? state.reason : null;
    const { activeState, loadState, since, sinceUnknown, subState } = state.value;
    if (loadState === 'not-found') {
      this.#state = 'unknown';
      return 'the unit is not installed on this host';
    }
    // It has changed since: what it was at the end is only in the journal.
    if (since !== undefined && since > until)
      return this.#state === 'unknown'
        ? 'it has changed its state since, and the journal has no entry'
        : null;
    const isUp = activeState === 'active' || activeState === 'reloading';
    // Whether it was so at the end of the span is unknown too; only what the journal has confirms it.
    if (sinceUnknown !== undefined)
      return this.#state === (isUp ? 'up' : 'down')
        ? null
        : `since when systemd reports ${activeState} (${subState}) is unknown: ${sinceUnknown}`;
    // Its last change alone: without an entry of the journal nothing is known of the time before.
    const isWhole = this.#state !== 'unknown' || since === undefined || since <= this.#span.since;
    const before = isWhole ? null : `before ${localTime(since)} unknown: the journal has no entry`;
    if (isUp && this.#state !== 'up') {
      this.#end(since ?? until);
      this.#state = 'up';
    }
    if (!isUp && this.#state !== 'down') {
      const isOld = since === undefined || since <= this.#span.since;
      const reason = `systemd reports ${activeState} (${subState})`;
      this.#open = { from: isOld ? null : since, isSeen: true, hasFailed: false, reason };
      this.#state = 'down';
    }
    return before;
  }

  #goDown(at: Date, reason: string, event?: UnitEvent): void {
    if (this.#open !== undefined) {
      // `failed` repeats what `exited` said in more words; of a stop it is news.
      if (event === 'exited' || (event === 'failed' && this.#open.reason.startsWith('stopped')))
        this.#open.reason = `${this.#open.reason}; ${reason}`.slice(0, 500);
      return;
    }
    const killed = this.#killedFor === undefined ? '' : `${this.#killedFor}; `;
    this.#killedFor = undefined;
    // What could not be started was down before.
    const from = event === 'start-failed' && this.#state === 'unknown' ? null : at;
    const hasFailed = event !== 'stopping' && event !== 'stopped';
    this.#open = { from, isSeen: true, hasFailed, reason: `${killed}${reason}` };
    this.#state = 'down';
  }

  #comeUp(entry: UnitEntry): void {
    this.#open ??= this.#unseen(entry);
    this.#end(entry.at);
    this.#state = 'up';
  }

  /** It starts, and nothing said that it had ended. */
  #unseen({ at, boot }: UnitEntry): Open {
    const last = this.#last;
    const isNew = this.#first === undefined || at.getTime() - this.#first.getTime() < preparationMs;
    if (last === undefined || (this.#state === 'unknown' && isNew))
      return { from: null, isSeen: true, hasFailed: false, reason: 'down when the timeline begins' };
    const restarted = boot !== undefined && last.boot !== undefined && boot !== last.boot;
    return {
      from: last.at,
      ...{ isSeen: false, hasFailed: false },
      reason: restarted
        ? 'the machine was restarted; its journal does not hold the end'
        : 'the journal does not hold the end',
    };
  }

  #end(to: Date | null): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const outage = this.#close(open, to);
    const before = this.#outages.at(-1);
    const gap =
      before?.to == null || outage.from === null
        ? Number.POSITIVE_INFINITY
        : outage.from.getTime() - before.to.getTime();
    // One that is asked to stop soon after is none that cannot start.
    const again = open.hasFailed && this.#hadFailed && gap < lastsMs;
    this.#hadFailed = open.hasFailed;
    if (before !== undefined && again) {
      before.to = to;
      before.failedStarts += 1;
      before.downMs += outage.downMs;
    } else if (this.#outages.length < mostOutages) {
      this.#outages.push(outage);
    } else {
      this.#leftOut += 1;
      this.#leftOutMs += outage.downMs;
    }
  }

  #close({ from, isSeen, reason }: Open, to: Date | null): Outage {
    const { since, until } = this.#span;
    const begin = Math.max(since.getTime(), from?.getTime() ?? 0);
    const end = Math.min(until.getTime(), to?.getTime() ?? Number.POSITIVE_INFINITY);
    return { from, isSeen, to, failedStarts: 0, downMs: Math.max(0, end - begin), reason };
  }
}

/** `tempovault-api.service: Main process exited, code=killed, status=9/KILL` without the unit's name. */
function wordsOf({ message }: UnitEntry): string {
  return outsideText(message.replace(/^[\w@:.\\-]+\.service: /, ''), 300).replace(/\.$/, '');
}
