import { openProtocol } from '../chain/readProtocol.ts';
import type { ServiceName } from '../config/settings.ts';
import { describeHolder, lockRecords } from '../journal/lockRecords.ts';
import { readRuns, urgentFirst } from '../journal/readRuns.ts';
import { residualStateOfAll, type Seen } from '../journal/residualState.ts';
import type { RunState } from '../journal/runState.ts';
import type { Context } from '../runbook/context.ts';
import type { LockHolder } from '../runbook/events.ts';

/** The current state of what runs may leave changed. Undefined: unknown within the limit. */
export interface RunsWorld {
  paused(): Promise<boolean | undefined>;
  /** The services that are not running. */
  stopped(): Promise<readonly ServiceName[] | undefined>;
}

/** Unfinished runs with their remaining residual state, and the holder of the lock. */
export async function seeRuns(
  ctx: Pick<Context, 'runs' | 'settings' | 'clock'>,
  world: RunsWorld,
): Promise<RunsSeen> {
  const states = readRuns(ctx);
  const left = urgentFirst(states);
  const unverified = states.filter(
    (state) =>
      state.status === 'unverified' &&
      state.supersededBy === undefined &&
      states.findLast(({ started }) => started.runbook === state.started.runbook) === state,
  );
  const since = ctx.clock.now().getTime() - unapprovedMs;
  // The rest of a closed run is read from its journal: only of those that count.
  const unapproved = states
    .filter(({ started }) => Date.parse(started.at) >= since)
    .flatMap(({ started: { run, runbook, at, operator, overrides } }) =>
      overrides.flatMap(({ check, reason }) =>
        check === 'approval' ? [{ run, runbook, at, by: `${operator.user}@${operator.host}`, reason }] : [],
      ),
    );
  const running = states.filter(({ status }) => status === 'running');
  return {
    left,
    unverified: unverified.map(({ started }) => started.run),
    running: running.map(({ started }) => started.run),
    unapproved,
    unusual: left.length === 0 ? [] : await stillLeft(left, world),
    locks: locksInWords(ctx),
    stopped: stoppedBy([...left, ...running]),
  };
}

/** By the journals: which services runs have stopped and not started again yet. */
export function stoppedBy(states: readonly RunState[]): Partial<Record<ServiceName, string>> {
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

/** How long a run without its approval is shown, in milliseconds. */
const unapprovedMs = 24 * 3_600_000;

export interface RunsSeen {
  /** That can be resumed or undone, the most urgent first. */
  readonly left: readonly RunState[];
  /** Ids of the runs whose effect was not verified, where that is the last run of its command. */
  readonly unverified: readonly string[];
  /** Ids of the runs that are in progress. */
  readonly running: readonly string[];
  /** Runs of the last day that were started without the signatures that the settings ask for. */
  readonly unapproved: readonly {
    readonly run: string;
    readonly runbook: string;
    readonly at: string;
    readonly by: string;
    readonly reason: string;
  }[];
  /** Services that a run has stopped and not started again yet, with that run's id. */
  readonly stopped: Partial<Record<ServiceName, string>>;
  /** Remaining residual state of unfinished runs, in words. */
  readonly unusual: readonly string[];
  /** Holder of the lock and open confirmations, in words. */
  readonly locks: readonly string[];
}
