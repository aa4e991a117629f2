import { openProtocol, type Protocol } from '../chain/readProtocol.ts';
import type { ServiceName } from '../config/settings.ts';
import { readUnits } from '../host/readUnits.ts';
import { describeHolder, lockRecords } from '../journal/lockRecords.ts';
import { nameRuns, readRuns, urgentFirst } from '../journal/readRuns.ts';
import { residualStateOfAll, type Seen } from '../journal/residualState.ts';
import { type RunState, recoveryCommands } from '../journal/runState.ts';
import type { Context } from '../runbook/context.ts';
import type { LockHolder } from '../runbook/events.ts';
import type { SampleValue } from './sample.ts';
import { unlessLate } from './unlessLate.ts';

export function runsLine(ctx: Context, deployed: Promise<Protocol>): Promise<SampleValue> {
  const names: readonly ServiceName[] = ['api', 'indexer', 'oracle'];
  const { units } = ctx.settings.host;
  return runs(ctx, {
    paused: async () => (await unlessLate(ctx, deployed))?.paused,
    stopped: async () => {
      const asked = readUnits(ctx.host(), { units: names.map((name) => units[name]) });
      const states = await unlessLate(ctx, asked);
      return states && names.filter((_, index) => states[index]?.activeState !== 'active');
    },
  });
}

/** The current state of what runs may leave changed. Undefined: unknown within the limit. */
export interface RunsWorld {
  paused(): Promise<boolean | undefined>;
  /** The services that are not running. */
  stopped(): Promise<readonly ServiceName[] | undefined>;
}

/** Unfinished runs with their remaining residual state, and the holder of the lock. */
export async function runs(
  ctx: Pick<Context, 'runs' | 'settings' | 'clock'>,
  world: RunsWorld,
): Promise<SampleValue> {
  const states = readRuns(ctx);
  const left = urgentFirst(states);
  const unusual = left.length === 0 ? [] : await stillLeft(left, world);
  const under = [...left, ...states.filter(({ status }) => status === 'running')];
  return judgeRuns({ states, unusual, locks: locksInWords(ctx), stopped: stoppedBy(under) });
}

/** By the journals: which services runs have stopped and not started again yet. */
function stoppedBy(states: readonly RunState[]): Partial<Record<ServiceName, string>> {
  const entries = states.flatMap((state) =>
    subjectsLeft([state]).flatMap(([, names]) => names.map((name) => [name, state.started.run] as const)),
  );
  return Object.fromEntries(entries);
}

/** The kinds of stopped services that are among the residual state of runs. */
function subjectsLeft(states: readonly RunState[]): readonly [string, readonly ServiceName[]][] {
  const all = residualStateOfAll(states).length;
  return Object.entries(stoppedServices).filter(
    ([subject]) => residualStateOfAll(states, { [subject]: null }).length < all,
  );
}

/** The services that a run's residual state is about, by its subject. */
const stoppedServices: Readonly<Record<string, readonly ServiceName[]>> = {
  services: ['api', 'indexer', 'oracle'],
  indexer: ['indexer'],
  'oracle relay': ['oracle'],
};

/**
 * The residual state of unfinished runs that still exists. A journal does not record that the protocol was
 * paused, or a service started, by other means: chain and host are read. Where they do not answer, the journal
 * is quoted.
 */
async function stillLeft(states: readonly RunState[], world: RunsWorld): Promise<readonly string[]> {
  const subjects = subjectsLeft(states);
  const [paused, stopped] = await Promise.all([
    world.paused(),
    subjects.length === 0 ? undefined : world.stopped(),
  ]);
  const seen: Record<string, Seen> = {};
  if (paused === true) seen[openProtocol] = null;
  if (paused === undefined) seen[openProtocol] = { unseen: 'the chain did not answer' };
  for (const [subject, names] of subjects) {
    const still = names.filter((name) => stopped?.includes(name));
    if (stopped === undefined) seen[subject] = { unseen: 'the host did not answer' };
    else if (still.length === 0) seen[subject] = null;
    // The journal's words say that the protocol is not known to be paused, where that is so.
    else if (still.length < names.length || paused === true) {
      seen[subject] = { words: `${still.join(', ')} not running` };
    }
  }
  return residualStateOfAll(states, seen);
}

/** Holder of the lock and open confirmations: who, what and since when. */
function locksInWords({ settings, clock }: Pick<Context, 'settings' | 'clock'>): readonly string[] {
  const { asking, holding } = lockRecords(settings);
  const words = (by: LockHolder) => {
    const { who, what, since } = describeHolder(by, clock.now());
    return `${what} by ${who}, since ${since}`;
  };
  return [
    ...holding.map((by) => `lock held: ${words(by)}`),
    ...asking.map((by) => `question open: ${words(by)}`),
  ];
}

export interface RunsSeen {
  readonly states: readonly RunState[];
  /** Services that a run has stopped and not started again yet, with that run's id. */
  readonly stopped?: Partial<Record<ServiceName, string>>;
  /** Remaining residual state of unfinished runs, in words. */
  readonly unusual: readonly string[];
  /** Holder of the lock and open confirmations, in words. */
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
