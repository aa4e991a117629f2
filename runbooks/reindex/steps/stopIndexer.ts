import { checkUnitsAsBefore } from '../../../src/host/checkAsBefore.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import type { Step } from '../../../src/runbook/define.ts';
import type { ReindexFacts } from '../facts.ts';
import { assertQuiescent } from '../still.ts';

/** Nothing may write while rows are cleared; a second indexer would be as bad as the first. */
export function stopIndexer(facts: ReindexFacts): Step {
  const { unit, wasActive } = facts.indexer;
  return {
    id: 'stop',
    title: 'stop the indexer',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    leaves: { subject: 'indexer', state: 'STOPPED', until: 'start' },
    undoTitle: wasActive ? 'start the indexer' : 'leave the indexer stopped, as it was',
    probe: async (ctx) => {
      const { activeState } = await readUnit(ctx.host(), { unit });
      return activeState === 'inactive' || activeState === 'failed' ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return assertQuiescent(ctx, facts);
    },
    undo: async (ctx) => {
      if (wasActive) await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}
