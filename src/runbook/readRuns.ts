import type { Context } from './context.ts';
import { leftBehind } from './leftBehind.ts';
import { foldRun, isUnfinished, type RunState } from './runState.ts';

/**
 * The runs of this environment, oldest first.
 * @throws TvError where a journal is damaged
 */
export function readRuns({ runs, settings }: Pick<Context, 'runs' | 'settings'>): readonly RunState[] {
  return runs
    .ids()
    .map((id) => foldRun(runs.read(id)))
    .filter((state): state is RunState => state?.started.environment === settings.environment);
}

/** Ids of the runs that can be resumed or undone, oldest first. */
export function unfinishedRuns(states: readonly RunState[]): readonly string[] {
  return states.filter(isUnfinished).map(({ started }) => started.run);
}

/** What those runs have left unusual in the world, in words. */
export function leftByUnfinished(states: readonly RunState[]): readonly string[] {
  return [...new Set(states.filter(isUnfinished).flatMap(leftBehind))];
}
