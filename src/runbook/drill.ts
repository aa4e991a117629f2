import type { ChainLink } from './audit.ts';
import type { Operator } from './events.ts';

/** What a report of tv printed while a drill was on. Everything about a drill is judged by these and the audit log. */
export interface DrillScreen {
  /** ISO 8601: when it was printed. */
  readonly at: string;
  /** `status`, `reindex check`. */
  readonly command: string;
  /** Null for a report that shows no findings. */
  readonly findings: readonly DrillFinding[] | null;
}

export interface DrillFinding {
  readonly id: string;
  /** The first command that it advised, as printed; null where it advised none. */
  readonly next: string | null;
}

/** How one fault of a drill went. Times in seconds since the clock began to run. */
export interface DrillFaultScore {
  readonly fault: string;
  readonly summary: string;
  /** The finding that names it. */
  readonly finding: string;
  /** When a command first showed it; null: none did. */
  readonly diagnosed: number | null;
  readonly diagnosedBy: string | null;
  /** Since when tv no longer finds it; null: it was there at the end, or that is unknown. */
  readonly safe: number | null;
  readonly way: readonly string[];
}

/** One line of the score. */
export interface DrillPoints {
  readonly rule: string;
  readonly value: string;
  readonly points: number;
}

export interface DrillScore {
  readonly faults: readonly DrillFaultScore[];
  /** Severe commands that changed something and mend none of the faults. */
  readonly wrongSevere: readonly { readonly at: string; readonly command: string }[];
  /** Events that the database lacks or has too many against the chain, more than before; null: unknown. */
  readonly rowsLost: number | null;
  /** What the contracts hold less of than before, in base units; null: unknown. */
  readonly fundsLost: readonly { readonly symbol: string; readonly amount: string }[] | null;
  /** Other findings at the end. */
  readonly otherFindings: readonly string[];
  readonly lines: readonly DrillPoints[];
  /** The sum of the lines: at most 100, and below 0 where more was harmed than mended. */
  readonly points: number;
}

/** How a drill ended. */
export interface DrillRecord {
  readonly operator: Operator;
  readonly drill: string;
  readonly seed: number;
  readonly minutes: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** In seconds. */
  readonly lasted: number;
  /**
   * - `solved`: every fault mended within the time
   * - `unsolved`: ended before that, or the time was over
   * - `interrupted`: its sandbox was gone or had stopped, so nothing could be judged
   */
  readonly outcome: 'solved' | 'unsolved' | 'interrupted';
  readonly score: DrillScore | null;
}

export type DrillEntry = DrillRecord & ChainLink;
