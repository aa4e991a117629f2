import { ofCurrentState } from '../../../src/chain/currentState.ts';
import { openProtocol, readProtocol } from '../../../src/chain/readProtocol.ts';
import { surveyRuns } from '../../../src/journal/readRuns.ts';
import { residualState } from '../../../src/journal/residualState.ts';
import { isUnfinished } from '../../../src/journal/runState.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { type Preflight, pass, warn } from '../../../src/runbook/preflight.ts';

/**
 * Where another run has left the protocol open, this one has found it so and leaves it so: nothing else
 * would tell it at the end.
 */
export function checkOpen(ctx: StepContext, preflight: Preflight): void {
  for (const state of surveyRuns(ctx).states.filter(isUnfinished)) {
    const left = residualState(state);
    if (left.length === 0) continue;
    const { run } = state.started;
    const readBack = async () => {
      const { paused } = await readProtocol(ctx.chain());
      // What else it has left, a pause does not change.
      const still = paused === true ? residualState(state, { [openProtocol]: null }) : left;
      return still.length === 0
        ? pass(`paused, though ${run} is unfinished`)
        : warn(`the ${still.join(', the ')}: ${run} is unfinished`, { next: [{ tv: ['resume', run] }] });
    };
    preflight.check('other run', 'chain', () => ofCurrentState(ctx, readBack));
  }
}
