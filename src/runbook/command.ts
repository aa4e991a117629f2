import type { Action, CommandInfo, Control, Report, Risk, Runbook } from './define.ts';

/** Any command of tv, as its module exports it. */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds commands of every input, fact and data type
export type AnyCommand = Runbook<any, any> | Report<any, any> | Action<any, any> | Control<any>;

export type Service = 'chain' | 'database' | 'host' | 'api';

/** A command in the registry: what lists show without loading it. Generated from its module. */
export interface CommandDefinition extends Pick<CommandInfo, 'summary' | 'aliases' | 'settings'> {
  /** Words after `tv`: `reindex`, `oracle rotate-key`. */
  readonly command: string;
  /** Runbook section (`1`, `2`, …), or empty. */
  readonly section: string;
  readonly group: string;
  /** The services whose code the command imports; the others are not even loaded. */
  readonly services: readonly Service[];
  readonly risk: Risk | 'sandbox';
  load(): Promise<{ readonly default: AnyCommand }>;
}
