import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { Json } from './json.ts';

/** The part of the system that a check reads; groups the checks of one screen. */
export type World = 'host' | 'chain' | 'database' | 'api' | 'config' | 'run';

/** `skip`: not done, because a check that it needs is blocked. */
export type CheckStatus = 'pass' | 'warn' | 'block' | 'skip';

/** The result of one check. */
export interface Check {
  readonly id: string;
  readonly world: World;
  readonly status: CheckStatus;
  readonly summary: string;
  /** Details shown aligned under a warning or a block. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Commands that mend it, shown after `Next:`. */
  readonly next?: readonly Advice[];
  /** Of the error that it ended with: it found nothing, and `summary` is the error's sentence. */
  readonly code?: ErrorCode;
  /** Its source did not answer in time, or not at all: nothing that it asks for is known. */
  readonly unread?: true;
  /** What it read is older than it may be, so that a state "as wanted already" is no proof of it. */
  readonly stale?: true;
  /** The switch that overrules it (`--override <name>`), where it may be overruled at all. */
  readonly override?: string;
}

/** What a single check function answers; the engine adds id and world. `value` goes into the facts. */
export interface Finding<T extends Json = Json> extends Omit<Check, 'id' | 'world'> {
  readonly value?: T;
}
