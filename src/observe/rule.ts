import type { Settings } from '../config/settings.ts';
import type { Advice } from '../errors/advice.ts';
import type { Level } from './level.ts';
import type { SourceId, ValueOf, World } from './world.ts';

/** Findings by which no RPC node can be asked. Of them, and of `rpc-wrong-chain`, there is one at most. */
export const noNode = ['rpc-away', 'rpc-silent', 'unknown-nodes'] as const;

/** Who can mend it: on-call (1), a backend engineer (2), a contract developer (3). Runbook, "Escalation Path". */
export type Escalation = 1 | 2 | 3;

export interface At {
  readonly settings: Settings;
  readonly now: Date;
  /** All that was read, for what a rule can do without. */
  readonly world: World;
}

/** One thing that a rule has found. */
export interface Found {
  /** What it is about, where one rule can find several: a service, a node. */
  readonly subject?: string;
  /** What is wrong, with its figures, without a full stop. */
  readonly sentence: string;
  /** Shown beneath the sentence: name and value. */
  readonly evidence?: Readonly<Record<string, string>>;
  /** The likely cause, as a part of a sentence. */
  readonly likely?: string;
  /** The first one mends it, or shows what does. */
  readonly next?: readonly Advice[];
  /** Default: the rule's. */
  readonly level?: Exclude<Level, 'ok'>;
  /** Default: the rule's. */
  readonly causes?: readonly string[];
}

/** What may be wrong, and how it follows from what was read. A row of the table in `rules.ts`. */
export interface Rule<N extends SourceId = SourceId> {
  /** Kebab-case; the name of the alert is made from it. */
  readonly id: string;
  /** For lists and alerts: what is wrong, without figures. */
  readonly title: string;
  /** Section of the operations runbook. */
  readonly section: string;
  readonly level: 'warning' | 'critical';
  readonly escalation: Escalation;
  /** The source whose line is marked. */
  readonly about: SourceId;
  /** It is asked only where all of these are known. */
  readonly needs: readonly N[];
  /**
   * Rules that explain this one where they have found something: `rpc-away`, or of one subject
   * `service-down:oracle`. The first of them that has is the cause.
   */
  readonly causes?: readonly string[];
  /**
   * It must last so long, and be found in two checks, before a monitor reports it: a value that fluctuates is no
   * fault yet. In seconds; default: reported at once.
   */
  readonly holdSeconds?: number;
  /** While one of these is found, not finding this one proves nothing: what it would rest on is unknown. */
  readonly openWhile?: readonly string[];
  /**
   * Whether not finding it proves nothing, since a part of what was read is unknown or was left out.
   * @param subject of the finding that was there
   */
  unproven?(values: { readonly [K in N]: ValueOf<K> }, subject: string): boolean;
  find(values: { readonly [K in N]: ValueOf<K> }, at: At): Found | readonly Found[] | undefined;
}

/** The same with its sources forgotten, for the table. */
export type AnyRule = Omit<Rule, 'find' | 'unproven'> & {
  unproven?(values: unknown, subject: string): boolean;
  find(values: unknown, at: At): Found | readonly Found[] | undefined;
};

export function rule<const N extends SourceId>(definition: Rule<N>): AnyRule {
  return definition as unknown as AnyRule;
}
