import type { Host } from '../runbook/context.ts';
import { sleep } from '../runbook/sleep.ts';
import { unitError } from './changeUnit.ts';
import { lastLine } from './explainFailure.ts';
import { readUnit } from './readUnit.ts';
import type { UnitState } from './readUnits.ts';

export interface EndUnitParameters {
  readonly unit: string;
  /** How long it has to end by itself before it is killed, in milliseconds. */
  readonly graceMs: number;
  readonly signal?: AbortSignal;
}

export interface EndedUnit {
  readonly state: UnitState;
  readonly killed: boolean;
}

/** Between two readings, in milliseconds. */
const lookMs = 100;
/** A killed process is gone within this time, in milliseconds, unless it hangs in the kernel. */
const killedMs = 5_000;

/**
 * Ends a unit: asks systemd if it is not stopping yet, waits, and kills what does not end
 * in time, all of its processes.
 * @throws TvError where systemd refuses, or it still runs after that
 */
export async function endUnit(host: Host, { unit, graceMs, signal }: EndUnitParameters): Promise<EndedUnit> {
  const start = performance.now();
  let killed = false;
  let asked = false;
  for (;;) {
    const state = await readUnit(host, { unit });
    if (['inactive', 'failed'].includes(state.activeState) && state.mainPid === 0) return { state, killed };
    if (state.activeState !== 'deactivating' && !asked) {
      asked = true;
      const { exitCode, stderr } = await host.run(['systemctl', 'stop', '--no-block', unit]);
      if (exitCode !== 0)
        throw unitError('host.unit-not-stopped', `systemd refuses to stop ${unit}.`, state, stderr);
    }
    const waited = performance.now() - start;
    if (waited > graceMs && !killed) {
      killed = true;
      const { exitCode, stderr } = await host.run(['systemctl', 'kill', '--signal=SIGKILL', unit]);
      if (exitCode !== 0)
        throw unitError(
          'host.unit-not-stopped',
          `${unit} does not end and cannot be killed.`,
          state,
          lastLine(stderr),
        );
    }
    if (waited > graceMs + killedMs)
      throw unitError('host.unit-not-stopped', `${unit} did not stop.`, state, '');
    await sleep(lookMs, signal);
  }
}
