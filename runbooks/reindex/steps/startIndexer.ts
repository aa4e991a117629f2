import { checkUnitsAsBefore } from '../../../src/host/checkAsBefore.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import type { Step } from '../../../src/runbook/define.ts';
import type { ReindexFacts } from '../facts.ts';

export function startIndexer({ indexer: { unit, wasActive } }: ReindexFacts): Step {
  return {
    id: 'start',
    title: 'start the indexer',
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: 'stop the indexer',
    probe: async (ctx) =>
      (await readUnit(ctx.host(), { unit })).activeState === 'active' ? 'done' : 'not-done',
    run: async (ctx) => {
      const { mainPid, activeState } = await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, state: activeState, process: mainPid };
    },
    undo: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    // Once the undo of the stop has followed.
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}
