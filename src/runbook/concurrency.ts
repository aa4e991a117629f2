/**
 * How a runbook gets along with other runs of its environment. One value a runbook; `judge` alone reads it.
 */
export interface Concurrency {
  /**
   * It protects funds: where the state directory cannot be written it continues without lock and journal
   * there, and says so.
   */
  readonly protective: boolean;
  /**
   * What it changes: `pause`, `capital`, `breakers`. Two runs that touch the same thing exclude each other,
   * and a run always touches what another run of its command touches.
   */
  readonly touches: readonly string[];
  /** Which running runs end first (else exit 6): any, those that touch the same, those of its command. */
  readonly waitsFor: 'any' | 'touching' | 'itself';
  /**
   * Which unfinished runs must be finished first (else exit 3). `any`: all but those of its command that
   * supersede themselves. `any and itself`: these, and those of its command that were not verified. `touching`: those
   * that touch the same.
   * `itself or residual`: those of its command, which may have done already what this would do again, and
   * those that left residual state. `unfinished touching`: as `touching`, for a command that does nothing
   * twice, so one of its runs that was not verified holds up no other. `none`: it must be possible beside any of
   * them. All others are shown as a warning.
   */
  readonly blockedBy:
    | 'any'
    | 'any and itself'
    | 'touching'
    | 'unfinished touching'
    | 'itself or residual'
    | 'none';
  /** False: an unfinished run of it holds up no other run. */
  readonly holdsUpOthers: boolean;
}

/** What every runbook does that says nothing else. */
export const ordinary: Concurrency = {
  protective: false,
  touches: [],
  waitsFor: 'any',
  blockedBy: 'any',
  holdsUpOthers: true,
};

/** It touches nothing that an unfinished run has begun, and leaves nothing half-way itself. */
export const harmless: Partial<Concurrency> = { blockedBy: 'none', holdsUpOthers: false };

/** Waits for nothing that does not touch the same things. */
export function protective(...touches: readonly string[]): Partial<Concurrency> {
  return { protective: true, touches, waitsFor: 'touching', blockedBy: 'touching' };
}
