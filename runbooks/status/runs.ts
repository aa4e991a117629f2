import { openProtocol } from '../../src/chain/readProtocol.ts';
import type { ServiceName } from '../../src/config/settings.ts';
import { describeHolder, lockRecords } from '../../src/journal/lockRecords.ts';
import { readRuns, urgentFirst } from '../../src/journal/readRuns.ts';
import { residualStateOfAll, type Seen } from '../../src/journal/residualState.ts';
import type { RunState } from '../../src/journal/runState.ts';
import type { SampleValue } from '../../src/observe/sample.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { LockHolder } from '../../src/runbook/events.ts';
import { judgeRuns } from './judge.ts';

/** What the world says of the things that runs leave unusual. Undefined: no answer, or not in time. */
export interface RunsWorld {
  paused(): Promise<boolean | undefined>;
  /** The services that are not running. */
  stopped(): Promise<readonly ServiceName[] | undefined>;
}

/** Unfinished runs with what of their residual state is still so, and who holds the lock. */
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
 * What unfinished runs left that is still so. A journal does not know that the protocol was paused, or a
 * service started, by other means since: chain and host do. Where they do not answer, the journal is quoted.
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

/** Who holds the lock, and where a question is open: who, what and since when. */
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
