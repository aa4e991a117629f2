import type { Action, Control, Report, Risk, Runbook } from './define.ts';

/** Any command of tv, as its module exports it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds commands of every input, fact and data type
export type AnyCommand = Runbook<any, any> | Report<any, any> | Action<any, any> | Control<any>;

export type Room = 'chain' | 'database' | 'host' | 'api';

/** A line of the registry: what the list shows without loading the command. */
export interface CommandDefinition {
  /** Words after `tv`: `reindex`, `oracle rotate-key`. */
  readonly command: string;
  readonly summary: string;
  /** Runbook section (`1`, `2`, …), or empty. */
  readonly section: string;
  readonly group: string;
  /** The rooms that it may open; the others are not even loaded. */
  readonly rooms: readonly Room[];
  readonly risk: Risk | 'sandbox';
  readonly aliases?: readonly string[];
  /**
   * `none`: it needs no environment. `as-found`: it works with whatever is there, also if wrong. `vital`:
   * only what says which environment, machine and chain is meant must be right.
   */
  readonly settings?: 'none' | 'as-found' | 'vital';
  load(): Promise<{ readonly default: AnyCommand }>;
}
