import type { ApprovalUse } from './approval.ts';
import type { Operator, OverrideUse } from './events.ts';
import type { Json } from './json.ts';

/** Of the entry before the first step of a run. The end has an entry of its own, unless tv was killed. */
export const startOutcome = 'started';

export interface AuditRecord {
  readonly command: string;
  readonly environment: string;
  readonly operator: Operator;
  readonly input: Json;
  /** Null where the command was refused before it became a run. */
  readonly run: string | null;
  readonly plan: string | null;
  /** `startOutcome`, or how it ended. */
  readonly outcome: string;
  /** Null of a start. */
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly overrides: readonly OverrideUse[];
  /** Of a run: by what it was approved. Of `tv plan approve`: the signature that was made. */
  readonly approval?: ApprovalUse;
}

/** What a line of a hash-chained log has besides its record. */
export interface ChainLink {
  readonly seq: number;
  readonly at: string;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 of this entry's canonical JSON without this field. */
  readonly hash: string;
}

export type AuditEntry = AuditRecord & ChainLink;

/** Without the starts whose end is in the log: the next entry of their run is no other start. */
export function withoutEnded(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  const next = new Map<string, string>();
  return entries
    .toReversed()
    .filter(({ run, outcome }) => {
      if (run === null) return true;
      const isEnded = outcome === startOutcome && (next.get(run) ?? startOutcome) !== startOutcome;
      next.set(run, outcome);
      return !isEnded;
    })
    .toReversed();
}

export interface LogVerdict {
  readonly entries: number;
  readonly intact: boolean;
  /** What is wrong, in words, with the entry's line number. */
  readonly problems: readonly string[];
}
