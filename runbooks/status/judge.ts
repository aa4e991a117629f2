import type { PairSignal } from '../../src/chain/oracle/readPairSignals.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import type { ServiceName } from '../../src/config/settings.ts';
import { onHost } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { nameRuns, urgentFirst } from '../../src/journal/readRuns.ts';
import { type RunState, recoveryCommands } from '../../src/journal/runState.ts';
import type { Sample, SampleValue } from '../../src/observe/sample.ts';
import { bytes, count, duration, howMany } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';

/** Runbook section 8: more blocks behind than this are a warning. */
const farBehindBlocks = 100;
/** Runbook section 8: a disk fuller than this share is a warning. */
export const fullShare = 0.8;

/** What a source says where the line of the chain already names the reason. */
export const asChain = 'unknown, as chain';

/**
 * A reading of the chain, where all nodes are on the right one. Otherwise it is unknown: what a node of
 * another chain returns is about another TempoVault, and one that is away has its line already.
 * @param late settles once the chain has taken too long to answer
 */
export async function onRightChainOnly(
  right: Promise<unknown>,
  late: Promise<unknown>,
  read: () => Promise<SampleValue>,
): Promise<SampleValue> {
  const reading = read();
  reading.catch(() => {});
  const answered = right.then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof TvError)) throw error;
      return false;
    },
  );
  const isRight = await Promise.race([answered, late.then(() => false)]);
  return isRight ? reading : { level: 'unknown', summary: asChain };
}

/** On top of two intervals, what sending takes until it is in a block. In seconds. */
const sendingSeconds = 15;

export interface OracleExpectation {
  /** The contract accepts no signal now (paused). */
  readonly expectsNone: boolean;
  /** Between two signals of the relay; undefined where that is unknown. */
  readonly intervalSeconds: number | undefined;
  /** By the clock of this machine. */
  readonly now: Date;
}

/**
 * How fresh the signals are: by the contract's threshold, and by the relay's own interval. The second only
 * where both clocks say so: one that is ahead makes every signal look old.
 */
export function judgeOracle(
  signals: readonly PairSignal[],
  { expectsNone, intervalSeconds, now }: OracleExpectation,
): SampleValue {
  if (signals.length === 0) {
    const next = [{ tv: ['oracle', 'status'] }, 'name the pairs under "pairs" in the configuration file'];
    return { level: 'unknown', summary: 'no pair is known, neither from settings nor from events', next };
  }
  const wrong = signals.filter(({ health }) => health !== 'healthy');
  const data = Object.fromEntries(signals.map(({ pair, health }) => [pair.name ?? pair.id, health]));
  if (wrong.length === 0) {
    const newest = Math.min(...signals.map(({ ageSeconds }) => ageSeconds ?? 0));
    const summary = `${howMany(signals.length, 'pair')}, all healthy; newest signal ${duration(newest * 1000)} ago`;
    const age = Math.min(newest, now.getTime() / 1000 - Math.max(...signals.map(({ at }) => at)));
    if (expectsNone || intervalSeconds === undefined || age <= 2 * intervalSeconds + sendingSeconds) {
      return { level: 'ok', summary, data };
    }
    const late = `; the relay sends one every ${duration(intervalSeconds * 1000)}, and has missed at least two`;
    return { level: 'warning', summary: `${summary}${late}`, data, next: [{ tv: ['oracle', 'status'] }] };
  }
  const words = wrong.slice(0, 3).map(({ pair, health, ageSeconds }) => {
    const age = ageSeconds === null ? '' : ` for ${duration(ageSeconds * 1000)}`;
    return `${pairTitle(pair)} ${health === 'never' ? 'has no signal' : `${health}${age}`}`;
  });
  const more = wrong.length > words.length ? ` and ${count(wrong.length - words.length)} more` : '';
  const summary = `${count(wrong.length)} of ${howMany(signals.length, 'pair')} without a fresh signal: ${words.join(', ')}${more}`;
  if (expectsNone) return { level: 'warning', summary: `${summary}; none is accepted while paused`, data };
  const dead = wrong.some(({ health }) => health !== 'stale');
  return { level: dead ? 'critical' : 'warning', summary, data, next: [{ tv: ['oracle', 'status'] }] };
}

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
  /** An indexer at work has read a block after this time, in ms. */
  readonly stallMs?: number;
}

/** Whether the indexer stands still: the head has left it behind, and it has not moved for longer than its polls take. */
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

export interface DiskUse {
  readonly directory: string;
  readonly mount: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** What `tv db prune` would free; undefined where the backups cannot be listed. */
  readonly prunableBytes: number | undefined;
}

/** A full disk, with what really makes room: pruning only where a backup is due to go. */
export function judgeDisk({ directory, mount, totalBytes, freeBytes, prunableBytes }: DiskUse): SampleValue {
  const used = 1 - freeBytes / totalBytes;
  const summary = `${directory} (${mount}): ${bytes(freeBytes)} free of ${bytes(totalBytes)}, ${Math.round(used * 100)} % used`;
  const data = { totalBytes, freeBytes };
  if (used <= fullShare) return { level: 'ok', summary, data };
  if (prunableBytes !== undefined && prunableBytes > 0) {
    const next = [{ tv: ['db', 'prune'] }];
    return { level: 'warning', summary: `${summary}; old backups use ${bytes(prunableBytes)}`, data, next };
  }
  const told = prunableBytes === undefined ? '' : '; no backup is old enough to prune';
  const next = [
    onHost(`du -xh --max-depth=2 ${quoteForShell(mount)} | sort -h | tail`),
    { when: 'move backups to another file system, then set backup.directory', tv: ['config', 'show'] },
  ];
  return { level: 'warning', summary: `${summary}${told}`, data, next };
}

/**
 * What to do about services that are stopped on purpose: by a run that is not finished yet (that run starts
 * them again), or in a pause (bringing the protocol back does). The lines of these two say it already; a
 * restart or a log would only lead away from it.
 */
export function adviseOnStopped(
  samples: readonly Sample[],
  units: Readonly<Record<ServiceName, string>>,
): readonly Sample[] {
  const dataOf = (id: string) => samples.find((sample) => sample.id === id)?.data;
  const paused = dataOf('protocol')?.['paused'] === true;
  const stoppedBy = (dataOf('runs')?.['stopped'] ?? {}) as Partial<Record<ServiceName, string>>;
  const serviceOf = (id: string) =>
    (Object.keys(units) as ServiceName[]).find((name) => id === name || id === units[name]);
  return samples.map((sample) => {
    const service = serviceOf(sample.id);
    if (service === undefined || sample.level === 'ok') return sample;
    const run = stoppedBy[service];
    const isOff = dataOf(units[service])?.['state'] === 'inactive';
    if (run === undefined && !(paused && isOff)) return sample;
    const why = run === undefined ? 'the protocol is paused' : `stopped by ${run}`;
    const isUnit = sample.id === units[service];
    return { ...sample, summary: isUnit ? `${sample.summary}; ${why}` : sample.summary, next: [] };
  });
}

export interface RunsSeen {
  readonly states: readonly RunState[];
  /** Services that a run has stopped and not started again yet, with that run's id. */
  readonly stopped?: Partial<Record<ServiceName, string>>;
  /** What unfinished runs have left unusual in the world, in words. */
  readonly unusual: readonly string[];
  /** Who holds the lock, and whose question is open, in words. */
  readonly locks: readonly string[];
}

/** Unfinished runs, the last run of a command where it is not verified, and who holds the lock. */
export function judgeRuns({ states, unusual, locks, stopped = {} }: RunsSeen): SampleValue {
  const running = states.filter(({ status }) => status === 'running').map(({ started }) => started.run);
  const left = urgentFirst(states);
  const unverified = states.filter(
    (state) =>
      state.status === 'unverified' &&
      state.supersededBy === undefined &&
      states.findLast(({ started }) => started.runbook === state.started.runbook) === state,
  );
  const ids = unverified.map(({ started }) => started.run);
  const parts = [
    ...(left.length === 0 ? [] : [`unfinished: ${nameRuns(left, unusual)}`]),
    ...(ids.length === 0 ? [] : [`not verified: ${ids.join(', ')}`]),
    ...(running.length === 0 ? [] : [`running now: ${running.join(', ')}`]),
  ];
  const open = left.length > 0 || ids.length > 0;
  return {
    level: unusual.length > 0 ? 'critical' : open ? 'warning' : 'ok',
    summary: [...(parts.length === 0 ? ['none unfinished'] : parts), ...locks].join('; '),
    next: [...left.flatMap(recoveryCommands), ...ids.map((run) => ({ tv: ['resume', run] }))],
    data: { unfinished: left.map(({ started }) => started.run), unverified: ids, unusual, stopped },
  };
}
