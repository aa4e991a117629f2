import type { Host } from '../runbook/context.ts';
import { type ChangeUnitParameters, changeUnit, unitError } from './changeUnit.ts';
import { readUnit } from './readUnit.ts';
import type { UnitState } from './readUnits.ts';

/**
 * Stops a unit, waits until it is inactive and reads its state back. A unit that had to be killed
 * (`failed`, result `timeout`) has stopped too. Stopping one that does not run changes nothing.
 * @throws TvError where it still runs afterwards, or is not installed
 */
export async function stopUnit(host: Host, parameters: ChangeUnitParameters): Promise<UnitState> {
  const { unit } = parameters;
  const { stderr } = await changeUnit(host, 'stop', parameters);
  const state = await readUnit(host, { unit });
  const ended = state.activeState === 'inactive' || state.activeState === 'failed';
  if (ended && state.mainPid === 0 && state.loadState !== 'not-found') return state;
  throw unitError('host.unit-not-stopped', `${unit} did not stop.`, state, stderr);
}
