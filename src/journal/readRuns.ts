import { TvError } from '../errors/TvError.ts';
import type { Context, RunStamp } from '../runbook/context.ts';
import { ClosedRuns } from './closedRuns.ts';
import { residualState, residualStateOfAll } from './residualState.ts';
import { canBeContinued, isUnfinished, type RunState } from './runState.ts';

type Place = Pick<Context, 'runs' | 'settings'>;

/**
 * A journal that cannot be read, and so perhaps that of an unfinished run, of whatever environment; or the
 * folder of all of them.
 */
export interface DamagedRun {
  readonly run: string;
  readonly error: TvError;
}

/** The runs of this environment, oldest first, and the journals that cannot be read. */
export function surveyRuns({ runs, settings }: Place): {
  readonly states: readonly RunState[];
  readonly damaged: readonly DamagedRun[];
} {
  const states: RunState[] = [];
  const damaged: DamagedRun[] = [];
  let stamps: readonly RunStamp[] = [];
  try {
    stamps = runs.stamps();
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    damaged.push({ run: runs.directory, error });
  }
  const closed = new ClosedRuns(runs);
  for (const stamp of stamps) {
    try {
      const state = closed.state(stamp);
      if (state?.started.environment === settings.environment) states.push(state);
    } catch (error) {
      if (!(error instanceof TvError)) throw error;
      damaged.push({ run: stamp.run, error });
    }
  }
  closed.keep(stamps);
  // Ids of the same second end in anything.
  const oldestFirst = states
    .map((state) => ({ state, at: Date.parse(state.started.at) }))
    .sort((a, b) => a.at - b.at)
    .map(({ state }) => state);
  return { states: superseded(oldestFirst), damaged };
}

/** Marks what a later run that is verified has left nothing of to finish. */
function superseded(states: readonly RunState[]): readonly RunState[] {
  return states.map((state) => {
    if (!canBeContinued(state)) return state;
    // A note changes nothing.
    const lastLineAt = state.lines.findLast(({ type }) => type !== 'run.noted')?.at ?? state.started.at;
    const by = states.find(
      ({ status, started }) =>
        status === 'verified' &&
        started.supersedes?.includes(state.started.runbook) === true &&
        // A concurrent run may have changed the state after it.
        Date.parse(started.at) >= Date.parse(lastLineAt) &&
        started.run !== state.started.run,
    );
    return by === undefined ? state : { ...state, supersededBy: by.started.run };
  });
}

/** The state of one run, among those of its environment. */
export function findRun(place: Place, run: string): RunState | undefined {
  return surveyRuns(place).states.find(({ started }) => started.run === run);
}

/**
 * The runs of this environment, oldest first.
 * @throws TvError where a journal is damaged
 */
export function readRuns(place: Place): readonly RunState[] {
  const { states, damaged } = surveyRuns(place);
  const [first] = damaged;
  if (first !== undefined) throw first.error;
  return states;
}

/** The runs that can be resumed or undone: first those that have left something unusual, then newest first. */
export function urgentFirst(states: readonly RunState[]): readonly RunState[] {
  const newestFirst = states.filter(isUnfinished).toReversed();
  return newestFirst.toSorted(
    (a, b) => Number(residualState(b).length > 0) - Number(residualState(a).length > 0),
  );
}

/** Their ids, in the same order. */
export function unfinishedRuns(states: readonly RunState[]): readonly string[] {
  return urgentFirst(states).map(({ started }) => started.run);
}

/** Unfinished runs in words: their ids, and what they have left unusual in the world. */
export function nameRuns(unfinished: readonly RunState[], left = residualStateOfAll(unfinished)): string {
  const ids = unfinished.map(({ started }) => started.run);
  return [ids.join(', '), ...left].join('; ');
}
