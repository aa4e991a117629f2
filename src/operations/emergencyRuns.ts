import { surveyRuns } from '../journal/readRuns.ts';
import { isRunOf, isUnfinished } from '../journal/runState.ts';
import type { CommandName } from '../runbook/commandName.generated.ts';
import type { Context } from '../runbook/context.ts';

/**
 * Both ways: everything down and read back, or everything up and read back. What was left half-way
 * before, in either direction, would only spoil it.
 */
export const superseded: readonly CommandName[] = ['emergency shutdown', 'emergency resume'];

/** Whether an older run waits for one that supersedes it. A journal that cannot be read holds up no emergency. */
export function hasSuperseded(ctx: Pick<Context, 'runs' | 'settings'>): boolean {
  return surveyRuns(ctx).states.some((state) => isUnfinished(state) && isRunOf(state, ...superseded));
}
