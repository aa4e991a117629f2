import type { Concurrency } from '../runbook/concurrency.ts';

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
      const repeats = mine.blockedBy === 'none' || mine.blockedBy === 'unfinished touching';
      return same && !other.supersedesItself && !repeats;
    }
    // Of those that were not verified only the command's own may have done already what it would do again.
    const unfinished = other.state === 'unfinished';
    switch (mine.blockedBy) {
      case 'none':
        return false;
      case 'any':
        return unfinished && !(same && other.supersedesItself);
      case 'any and itself':
        return (unfinished || same) && !(same && other.supersedesItself);
      case 'touching':
        return !other.supersedesItself && (unfinished ? touching : same);
      case 'unfinished touching':
        return !other.supersedesItself && unfinished && touching;
      case 'itself or residual':
        return !other.supersedesItself && (same || (unfinished && other.residual));
    }
  }
}
