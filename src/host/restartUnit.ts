import type { Host } from '../runbook/context.ts';
import { type ChangeUnitParameters, changeUnit, unitError } from './changeUnit.ts';
import type { UnitState } from './readUnits.ts';
import { settleUnit } from './settleUnit.ts';

/** Stops and starts a unit, with the same proof as `startUnit`. @throws TvError where it is not active afterwards */
export async function restartUnit(host: Host, parameters: ChangeUnitParameters): Promise<UnitState> {
  const { unit } = parameters;
  const { exitCode, stderr } = await changeUnit(host, 'restart', parameters);
  const state = await settleUnit(host, parameters);
  if (state.up && exitCode === 0) return state.unit;
  throw unitError('host.unit-not-started', `${unit} did not come up again.`, state.unit, stderr);
}
