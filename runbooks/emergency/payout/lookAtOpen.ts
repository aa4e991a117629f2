import { ofCurrentState } from '../../../src/chain/currentState.ts';
import { openProtocol, readProtocol } from '../../../src/chain/readProtocol.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { leftBehind } from '../../../src/runbook/leftBehind.ts';
import { type Lookout, pass, warn } from '../../../src/runbook/lookout.ts';
import { surveyRuns } from '../../../src/runbook/readRuns.ts';
import { isUnfinished } from '../../../src/runbook/runState.ts';

/**
 * Where another run has left the protocol open, this one has found it so and leaves it so: nothing else
 * would tell it at the end.
 */
export function lookAtOpen(ctx: StepContext, lookout: Lookout): void {
  for (const state of surveyRuns(ctx).states.filter(isUnfinished)) {
    const left = leftBehind(state);
    if (left.length === 0) continue;
    const { run } = state.started;
    const readBack = async () => {
      const { paused } = await readProtocol(ctx.chain());
      // What else it has left, a pause does not change.
      const still = paused === true ? leftBehind(state, { [openProtocol]: null }) : left;
      return still.length === 0
        ? pass(`paused, though ${run} is unfinished`)
        : warn(`the ${still.join(', the ')}: ${run} is unfinished`, { next: [`tv resume ${run}`] });
    };
    lookout.look('other run', 'chain', () => ofCurrentState(ctx, readBack));
  }
}
