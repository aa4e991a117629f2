import { TvError } from '../errors/TvError.ts';
import type { Context } from './context.ts';
import { leftBehind } from './leftBehind.ts';
import { foldRun, isUnfinished, type RunState } from './runState.ts';

type Place = Pick<Context, 'runs' | 'settings'>;

/** A journal that cannot be read, and so perhaps that of an unfinished run, of whatever environment. */
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
  for (const run of runs.ids()) {
    try {
      const state = foldRun(runs.read(run));
      if (state?.started.environment === settings.environment) states.push(state);
    } catch (error) {
      if (!(error instanceof TvError)) throw error;
      damaged.push({ run, error });
    }
  }
  return { states, damaged };
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

/** Ids of the runs that can be resumed or undone, oldest first. */
export function unfinishedRuns(states: readonly RunState[]): readonly string[] {
  return states.filter(isUnfinished).map(({ started }) => started.run);
}

/** What those runs have left unusual in the world, in words. */
export function leftByUnfinished(states: readonly RunState[]): readonly string[] {
  return [...new Set(states.filter(isUnfinished).flatMap(leftBehind))];
}
