/** Asks a person. Only ever used where `interactive` is true. */
export interface Prompt {
  readonly interactive: boolean;
  /** True where the person typed exactly `expected`. */
  typed(question: string, expected: string, signal: AbortSignal): Promise<boolean>;
  /** Default no. */
  yesNo(question: string, signal: AbortSignal): Promise<boolean>;
}

/** What the flags of this call answer in advance. */
export interface Answers {
  readonly yes: boolean;
  readonly confirm: string | undefined;
  readonly overrides: readonly string[];
  readonly reason: string | undefined;
  readonly dryRun: boolean;
  readonly plan: string | undefined;
  /** A file in place of the digest: the plan that `--dry-run --out` has written. */
  readonly planFile?: string | undefined;
  /** Where a dry run writes its plan. */
  readonly out?: string | undefined;
  /** How long to wait for another run's lock, in milliseconds. Default: not at all. */
  readonly waitMs?: number | undefined;
}
