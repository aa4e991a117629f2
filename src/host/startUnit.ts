import type { Host } from '../runbook/context.ts';
import { type ChangeUnitParameters, changeUnit, unitError } from './changeUnit.ts';
import type { UnitState } from './readUnits.ts';
import { settleUnit } from './settleUnit.ts';

/**
 * Starts a unit and makes sure that it stays up for a moment: for a simple service systemd reports
 * success before the program has got anywhere.
 * @throws TvError where it is not active afterwards
 */
export async function startUnit(host: Host, parameters: ChangeUnitParameters): Promise<UnitState> {
  const { unit } = parameters;
  const { exitCode, stderr } = await changeUnit(host, 'start', parameters);
  const state = await settleUnit(host, parameters);
  if (state.up && exitCode === 0) return state.unit;
  throw unitError('host.unit-not-started', `${unit} did not start.`, state.unit, stderr);
}
