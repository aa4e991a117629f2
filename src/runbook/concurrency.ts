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
   * supersede themselves. `touching`: those that touch the same.
   * `itself or residual`: those of its command, which may have done already what this would do again, and
   * those that left residual state. `unfinished touching`: as `touching`, for a command that does nothing
   * twice, so one of its runs that was not verified holds up no other. All others are shown as a warning.
   */
  readonly heldUpBy: 'any' | 'touching' | 'unfinished touching' | 'itself or residual' | 'none';
  /** False: an unfinished run of it holds up no other run. */
  readonly holdsUpOthers: boolean;
}

/** What every runbook does that says nothing else. */
export const ordinary: Concurrency = {
  protective: false,
  touches: [],
  waitsFor: 'any',
  heldUpBy: 'any',
  holdsUpOthers: true,
};

/** It touches nothing that an unfinished run has begun, and leaves nothing half-way itself. */
export const harmless: Partial<Concurrency> = { heldUpBy: 'none', holdsUpOthers: false };

/** Waits for nothing that does not touch the same things. */
export function protective(...touches: readonly string[]): Partial<Concurrency> {
  return { protective: true, touches, waitsFor: 'touching', heldUpBy: 'touching' };
}

/** A run beside the one that is to start. */
export interface OtherRun {
  readonly runbook: string;
  readonly touches: readonly string[];
  /**
   * `unverified`: finished, and its effect was not proven. `closed`: abandoned or undone, with a transaction
   * that took effect or still may, and that the run to start would send once more.
   */
  readonly state: 'running' | 'unfinished' | 'unverified' | 'closed';
  /** A later run of its own command leaves nothing of it to finish. */
  readonly supersedesItself: boolean;
  /** It left residual state in the world. */
  readonly residual: boolean;
  readonly holdsUpOthers: boolean;
}

/** Whether a run must not start beside another one, or only shows it as a warning. */
export function judge(name: string, mine: Concurrency, other: OtherRun): 'blocks' | 'warns' {
  const same = other.runbook === name;
  const touching = same || other.touches.some((thing) => mine.touches.includes(thing));
  return blocks() ? 'blocks' : 'warns';

  function blocks(): boolean {
    if (other.state === 'running') {
      return mine.waitsFor === 'any' || (mine.waitsFor === 'touching' ? touching : same);
    }
    if (!other.holdsUpOthers) return false;
    if (other.state === 'closed') {
      const repeats = mine.heldUpBy === 'none' || mine.heldUpBy === 'unfinished touching';
      return same && !other.supersedesItself && !repeats;
    }
    // Of those that were not verified only the command's own may have done already what it would do again.
    const unfinished = other.state === 'unfinished';
    switch (mine.heldUpBy) {
      case 'none':
        return false;
      case 'any':
        return unfinished && !(same && other.supersedesItself);
      case 'touching':
        return !other.supersedesItself && (unfinished ? touching : same);
      case 'unfinished touching':
        return !other.supersedesItself && unfinished && touching;
      case 'itself or residual':
        return !other.supersedesItself && (same || (unfinished && other.residual));
    }
  }
}
