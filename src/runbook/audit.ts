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
}

export interface AuditEntry extends AuditRecord {
  readonly seq: number;
  readonly at: string;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 of this entry's canonical JSON without this field. */
  readonly hash: string;
}

export interface AuditVerdict {
  readonly entries: number;
  readonly intact: boolean;
  /** What is wrong, in words, with the entry's line number. */
  readonly problems: readonly string[];
}
