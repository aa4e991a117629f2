import type { Progress } from '../runbook/events.ts';
import { count, duration } from '../text/format.ts';

const barWidth = 16;

/** Turns the reports of one piece of work into a line with a bar, the rate and the time left. */
export class ProgressLine {
  readonly #startedAt: number;
  readonly #start: Progress;
  readonly #now: () => number;

  constructor(first: Progress, now: () => number) {
    this.#now = now;
    this.#startedAt = now();
    this.#start = first;
  }

  /** Whether a report belongs to this piece of work, or to another one of the same step. */
  continues({ done, total, unit }: Progress): boolean {
    return unit === this.#start.unit && total === this.#start.total && done >= this.#start.done;
  }

  text({ done, total, unit, note }: Progress): string {
    const seconds = (this.#now() - this.#startedAt) / 1000;
    // Seconds that are waited pass at one a second.
    const rate = seconds > 0.5 && unit !== 's' ? (done - this.#start.done) / seconds : undefined;
    const parts: string[] = [];
    if (total !== undefined && total > 0) {
      const share = Math.min(1, done / total);
      const filled = Math.round(share * barWidth);
      parts.push(`${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(share * 100)} %`);
      parts.push(`${count(done)} of ${count(total)} ${unit}`);
    } else {
      parts.push(`${count(done)} ${unit}`);
    }
    if (rate !== undefined && rate > 0) {
      // Slower than that, the time left says more.
      if (rate >= 1) parts.push(`${count(Math.round(rate))}/s`);
      if (total !== undefined && total > done) parts.push(`${duration(((total - done) / rate) * 1000)} left`);
    }
    if (note !== undefined) parts.push(note);
    return parts.join(' · ');
  }
}
