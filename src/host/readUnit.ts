import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { readUnits, type UnitState } from './readUnits.ts';

/** Reads one unit. @throws UnavailableError where there is no systemd to ask */
export async function readUnit(host: Host, { unit }: { readonly unit: string }): Promise<UnitState> {
  const [state] = await readUnits(host, { units: [unit] });
  if (state === undefined)
    throw new UnavailableError('host.systemd-silent', `systemd said nothing about ${unit}.`);
  return state;
}
