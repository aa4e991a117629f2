import { onHost } from '../errors/advice.ts';
import { count, duration, howMany } from '../text/format.ts';
import { asChain } from './rightChain.ts';
import type { SampleValue } from './sample.ts';

/** Runbook section 8: more blocks behind than this are a warning. */
const farBehindBlocks = 100;

export interface IndexerProgress {
  readonly block: number;
  /** `rows`: the newest event, where there is no cursor. */
  readonly source: 'cursor' | 'rows';
  /** Blocks a second. */
  readonly speed: number;
  /** Undefined where the chain is unknown. Read after the cursor. */
  readonly head: number | undefined;
  readonly unit: string;
  /** How long the first block above the cursor has been on the chain, in ms; undefined where unknown. */
  readonly waitingMs?: number | undefined;
  /** A working indexer has read a block after this time, in ms. */
  readonly stallMs?: number;
}

/** Whether the indexer is behind the head and has made no progress for longer than its polls take. */
export function isStalled(seen: IndexerProgress): boolean {
  const { block, source, speed, head, waitingMs, stallMs = Number.POSITIVE_INFINITY } = seen;
  if (head === undefined || source === 'rows' || speed !== 0 || head <= block) return false;
  return head - block > farBehindBlocks || (waitingMs !== undefined && waitingMs > stallMs);
}

/** @param error what the indexer's journal says, in words, where it is stalled */
export function judgeIndexer(seen: IndexerProgress, error?: string): SampleValue {
  const { block, source, speed, head, unit, waitingMs, stallMs = Number.POSITIVE_INFINITY } = seen;
  const place = `${source === 'cursor' ? 'cursor' : 'newest event'} ${count(block)}`;
  const rate = `${count(speed)} blocks/s`;
  if (head === undefined) {
    const data = { block, blocksPerSecond: speed };
    return { level: 'unknown', summary: `${place}, ${rate}; blocks behind ${asChain}`, data };
  }
  const lag = head - block;
  const data = { block, lag, blocksPerSecond: speed };
  if (lag < 0) {
    const summary = `${place} is ${howMany(-lag, 'block')} ahead of the head ${count(head)}: the chain was reorganised, or the RPC node lags behind`;
    // The indexer asks for blocks above its cursor only: what replaces those below is never read.
    return { level: 'critical', summary, data, next: [{ tv: ['reindex', 'check'] }] };
  }
  const behind = lag === 0 ? 'at the head' : `${howMany(lag, 'block')} behind`;
  const summary = `${place}, ${behind}, ${rate}`;
  // Without a cursor the newest event says little: a quiet protocol looks like a dead indexer.
  if (source === 'rows') return { level: 'ok', summary, data };
  if (isStalled(seen)) {
    const next = [onHost(`systemctl restart ${unit}`), onHost(`journalctl -u ${unit} -n 50 --no-pager`)];
    const since =
      waitingMs !== undefined && waitingMs > stallMs
        ? ` since block ${count(block + 1)} came ${duration(waitingMs)} ago`
        : '';
    const why = error === undefined ? '' : `; ${error}`;
    return { level: 'critical', summary: `${summary}: it makes no progress${since}${why}`, data, next };
  }
  return { level: lag > farBehindBlocks ? 'warning' : 'ok', summary, data };
}
