import type { ChainLink } from './audit.ts';
import type { Operator } from './events.ts';
import type { Json } from './json.ts';

/** One item of the security checklist that a person has done. */
export interface ChecklistRecord {
  readonly environment: string;
  readonly operator: Operator;
  /** Its id, as `tv checklist done` takes it. */
  readonly item: string;
  /** What was done and found, in the person's own words. */
  readonly note: string;
  /** What tv could read about the item at that moment. */
  readonly evidence: Json;
}

export type ChecklistEntry = ChecklistRecord & ChainLink;
