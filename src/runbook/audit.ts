import type { ApprovalUse } from './approval.ts';
import type { Operator, OverrideUse } from './events.ts';
import type { Json } from './json.ts';

export interface AuditRecord {
  readonly command: string;
  readonly environment: string;
  readonly operator: Operator;
  readonly input: Json;
  /** Null where the command was refused before it became a run. */
  readonly run: string | null;
  readonly plan: string | null;
  readonly outcome: string;
  readonly exitCode: number;
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

export interface LogVerdict {
  readonly entries: number;
  readonly intact: boolean;
  /** What is wrong, in words, with the entry's line number. */
  readonly problems: readonly string[];
}
