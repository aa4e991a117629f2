import type { Host } from '../runbook/context.ts';
import { sleep } from '../runbook/sleep.ts';
import type { ChangeUnitParameters } from './changeUnit.ts';
import { readUnit } from './readUnit.ts';
import type { UnitState } from './readUnits.ts';

/** How long a service must stay up to count as started, in milliseconds. */
const settleMs = 1_000;

export interface SettledUnit {
  readonly up: boolean;
  readonly unit: UnitState;
}

/** Reads a freshly started unit twice: up means active both times, with the same process. */
export async function settleUnit(
  host: Host,
  { unit, signal }: Pick<ChangeUnitParameters, 'unit' | 'signal'>,
): Promise<SettledUnit> {
  const first = await readUnit(host, { unit });
  if (first.activeState !== 'active') return { up: false, unit: first };
  await sleep(settleMs, signal);
  const second = await readUnit(host, { unit });
  const up =
    second.activeState === 'active' && second.mainPid === first.mainPid && second.restarts === first.restarts;
  return { up, unit: second };
}
