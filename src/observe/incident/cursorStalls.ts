import { count, duration } from '../../text/format.ts';
import type { CheckRecord } from '../monitor/history.ts';
import type { IncidentEntry, MissingStretch } from './incident.ts';

/** A shorter stall may be the pause between two batches. In milliseconds. */
const stallMs = 60_000;
/** Two checks further apart prove nothing about the time between them. In milliseconds. */
const apartMs = 6 * 60_000;
const mostStalls = 500;

const blockFigure = 'tempovault_indexer_block';
const headFigure = 'tempovault_chain_head_block';

/** A cursor that was at the same block at all checks of a stretch. */
interface Standing {
  readonly since: number;
  readonly block: number;
  last: number;
  head: number | undefined;
}

/** Stretches in which the indexer's cursor did not advance but the chain did, from a monitor's checks. */
export class CursorStalls {
  readonly #entries: IncidentEntry[] = [];
  readonly #unseen: { from: number; to: number }[] = [];
  #standing: Standing | undefined;
  #blind: { from: number; to: number } | undefined;
  /** Checks that read the cursor. */
  checks = 0;

  add({ at, figures }: CheckRecord): void {
    const block = figures[blockFigure];
    if (block === undefined) {
      this.#blind = { from: this.#blind?.from ?? at, to: at };
      return;
    }
    this.checks += 1;
    this.#endBlind(at);
    const standing = this.#standing;
    if (standing !== undefined && block === standing.block && at - standing.last <= apartMs) {
      standing.last = at;
      standing.head = figures[headFigure] ?? standing.head;
      return;
    }
    if (standing !== undefined) {
      this.#end(standing, standing.last);
      if (block < standing.block) this.#wentBack(at, standing.block, block);
    }
    this.#standing = { since: at, block, last: at, head: figures[headFigure] };
  }

  /** @returns the stalls; one that lasts to the last check has no end */
  finish(): readonly IncidentEntry[] {
    if (this.#standing !== undefined) this.#end(this.#standing, null);
    this.#standing = undefined;
    return this.#entries;
  }

  /** Stretches of checks that did not read the cursor. */
  unseen(): readonly MissingStretch[] {
    const all = this.#blind === undefined ? this.#unseen : [...this.#unseen, this.#blind];
    return all
      .filter(({ from, to }) => to - from >= stallMs)
      .map(({ from, to }) => ({
        source: 'cursor',
        ...{ from: new Date(from), to: new Date(to) },
        reason: 'tv monitor could not read the cursor',
      }));
  }

  #endBlind(at: number): void {
    if (this.#blind === undefined) return;
    const { from, to } = this.#blind;
    // A single check without it was followed by one with it.
    if (to > from && this.#unseen.length < mostStalls) this.#unseen.push({ from, to: at });
    this.#blind = undefined;
  }

  /** @param to the last check that read this block: how much longer it stalled is unknown */
  #end({ since, block, last, head }: Standing, to: number | null): void {
    const isBehind = head === undefined || head > block;
    if (last - since < stallMs || !isBehind || this.#entries.length >= mostStalls) return;
    const time = duration(last - since);
    const went = head === undefined ? 'head unknown' : `head at ${count(head)}`;
    this.#entries.push({
      at: new Date(since),
      until: to === null ? null : new Date(to),
      of: 'cursor',
      level: 'bad',
      what: `cursor stood at block ${count(block)} for at least ${time}, ${went}`,
      details: [],
    });
  }

  #wentBack(at: number, from: number, to: number): void {
    if (this.#entries.length >= mostStalls) return;
    this.#entries.push({
      at: new Date(at),
      of: 'cursor',
      level: 'warn',
      what: `cursor went back from block ${count(from)} to ${count(to)}`,
      details: [],
    });
  }
}
