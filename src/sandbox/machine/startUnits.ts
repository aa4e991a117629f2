import { TvError } from '../../errors/TvError.ts';
import { runInside } from './runInside.ts';
import type { Machine } from './startMachine.ts';

/** @throws TvError with systemctl's words where a unit does not start */
export async function startUnits(machine: Machine, units: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runInside(machine, ['systemctl', 'start', ...units]);
  if (exitCode === 0) return;
  throw new TvError('sandbox.not-started', `The sandbox cannot start ${units.join(', ')}.`, {
    facts: { systemctl: stderr.trim().split('\n')[0] },
  });
}
