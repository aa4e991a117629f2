import { onHost } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TimeoutError, TvError } from '../errors/TvError.ts';
import type { CommandOutput, Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { assertUnitName, type UnitState } from './readUnits.ts';

export interface ChangeUnitParameters {
  readonly unit: string;
  /**
   * Limit for systemd's own work, in milliseconds. Default 120 s: systemd kills a service that
   * does not end after 90 s (DefaultTimeoutStopSec, systemd-system.conf(5)).
   */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks systemd for a change and waits for it. Past the limit the answer is an ordinary failure:
 * the caller reads the state, which is what counts.
 */
export async function changeUnit(
  host: Host,
  verb: 'start' | 'stop' | 'restart',
  { unit, timeoutMs = 120_000, signal }: ChangeUnitParameters,
): Promise<CommandOutput> {
  assertUnitName(unit);
  try {
    return await host.run(['systemctl', verb, unit], {
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return {
      exitCode: 1,
      stdout: '',
      stderr: `systemctl ${verb} took longer than ${timeoutMs / 1000} s`,
    };
  }
}

/** A unit that did not change its state as asked, with that state and where its log is. */
export function unitError(code: ErrorCode, message: string, state: UnitState, stderr: string): TvError {
  return new TvError(code, message, {
    facts: {
      state: `${state.activeState} (${state.subState})`,
      result: state.result || undefined,
      loaded: state.loadState === 'loaded' ? undefined : state.loadState,
      process: state.mainPid === 0 ? undefined : state.mainPid,
      systemd: firstLine(stderr),
    },
    next: [onHost(`journalctl -u ${state.unit} -n 50 --no-pager`), onHost(`systemctl status ${state.unit}`)],
  });
}

/** systemctl names the reason first and adds advice after it. */
function firstLine(stderr: string): string | undefined {
  return lastLine(stderr.trim().split('\n', 1).join('')) || undefined;
}
