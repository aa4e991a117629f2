import type { Advice } from '../errors/advice.ts';
import type { Check } from './check.ts';
import type { PlanData } from './events.ts';

/** How a report's text gets its colours and its measures, without knowing a terminal. */
export interface Paint {
  /** Columns to write for, 60 or more. */
  readonly width: number;
  /** Whether shortened values (addresses, hashes) are to be written out. */
  readonly full: boolean;
  readonly now: Date;
  /** Named with `-e` or `TV_ENVIRONMENT` in this call, so that commands to run next have to name it too. */
  readonly environment: string | undefined;
  /** Given with `--config` or `TV_CONFIG` in this call; for commands to run next. */
  readonly config?: string | undefined;
  /** In front of host commands that are to be run next. */
  readonly hostPrefix?: readonly string[] | undefined;
  /** The words of this call after `tv`, for one that is to be made again with more flags. */
  readonly call?: readonly string[] | undefined;
  /** For `cast` in commands to run next; undefined where it holds credentials. */
  readonly rpcUrl?: string | undefined;
  /** Standard output is no terminal: one line an item, for grep. */
  readonly piped?: boolean | undefined;
  ok(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  /** One of four colours that say nothing but "the same": a service's name. */
  tint(index: number, text: string): string;
  /** `Next:` and the commands to run, each as it has to be typed for this call. */
  next(advice: readonly Advice[]): string;
  /** Checks and plan as a run shows them. */
  plan(shown: { readonly plan: PlanData; readonly checks: readonly Check[] }, heading: string): string;
  /** One piece of advice as a line to paste. */
  line(advice: Advice): string;
}
