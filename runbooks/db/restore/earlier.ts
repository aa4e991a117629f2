import { databaseSizes } from '../../../src/database/restore/listDatabases.ts';
import { surveyRuns } from '../../../src/journal/readRuns.ts';
import { residualState } from '../../../src/journal/residualState.ts';
import { isUnfinished } from '../../../src/journal/runState.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { withMaintenance } from '../shared/maintenance.ts';
import { besideName } from '../shared/names.ts';
import type { RestoreFacts } from './facts.ts';

/** What restores that were never finished have left to the next one. */
export interface EarlierRestores {
  /** Their ids, oldest first. */
  readonly runs: readonly string[];
  /** Units that they have stopped, and that ran before: they are meant to run. */
  readonly stopped: readonly string[];
  /** Names that databases of theirs have, where they were cut off before one was whole. */
  readonly beside: readonly string[];
}

/** From the journals of this machine. */
export function readEarlier(ctx: Pick<Context, 'runs' | 'settings'>, live: string): EarlierRestores {
  const states = surveyRuns(ctx).states.filter(
    (state) => state.started.runbook === 'db restore' && isUnfinished(state),
  );
  const stopped = states
    .filter((state) => residualState(state).length > 0)
    .flatMap(({ started }) => (started.facts as RestoreFacts).services)
    .filter(({ wasActive }) => wasActive)
    .map(({ unit }) => unit);
  const beside = states.flatMap(({ started: { run }, steps }) => [
    besideName(live, 'trial', run),
    // A whole one may be what a resume gives the live name.
    ...(steps.get('restore')?.status === 'done' ? [] : [besideName(live, 'restore', run)]),
  ]);
  return { runs: states.map(({ started }) => started.run), stopped: [...new Set(stopped)], beside };
}

/** Those of their databases that are there. */
export async function findLeftovers(
  ctx: Context,
  { beside }: EarlierRestores,
): Promise<RestoreFacts['leftovers']> {
  if (beside.length === 0) return [];
  return withMaintenance(ctx, 'tv', (database) => databaseSizes(database, { names: beside }));
}
