import { outsideText } from '../text/outsideText.ts';
import { type Advice, adviceList, mapAdvice } from './advice.ts';
import type { ErrorCode } from './codes.ts';

/** Exit codes that an operator or a script may rely on. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  blocked: 3,
  notConfirmed: 4,
  unverified: 5,
  locked: 6,
  interrupted: 7,
  bug: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** In characters. A message quotes a name or two; a fact may be the data of a call. */
const longestMessage = 1_000;
const longestFact = 4_000;

export interface TvErrorOptions {
  /** What is known, shown aligned under the message, in this order. Never a secret. */
  readonly facts?: Readonly<Record<string, string | number | undefined>>;
  /** Commands to run, or the one thing to do, shown after `Next:`. */
  readonly next?: Advice | readonly Advice[];
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/**
 * An error that an operator is meant to read: a code for scripts, one sentence that says what failed, the
 * facts, and what to do next. Everything that leaves tv as an error is one of these; anything else is a bug
 * in tv and exits 70.
 */
export class TvError extends Error {
  override readonly name: string = 'TvError';
  /** The situation, for scripts and tests. */
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, string>>;
  readonly next: readonly Advice[];
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, message: string, options: TvErrorOptions = {}) {
    super(
      outsideText(message, longestMessage),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.facts = Object.fromEntries(
      Object.entries(options.facts ?? {}).flatMap(([key, value]) =>
        value === undefined ? [] : [[outsideText(key), outsideText(String(value), longestFact)]],
      ),
    );
    this.next = adviceList(options.next).map((each) =>
      mapAdvice(each, (text) => outsideText(text, longestFact)),
    );
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** The command line itself is wrong: unknown flag, missing or malformed value. It always says what is right. */
export class UsageError extends TvError {
  override readonly name = 'UsageError';
  constructor(
    code: ErrorCode,
    message: string,
    options: Omit<TvErrorOptions, 'exitCode'> & Required<Pick<TvErrorOptions, 'next'>>,
  ) {
    super(code, message, { ...options, exitCode: exitCodes.usage });
  }
}

/** Something did not answer within its limit. */
export class TimeoutError extends TvError {
  override readonly name = 'TimeoutError';
}

/** A source (RPC node, database, host, API) cannot be reached or answers nonsense. */
export class UnavailableError extends TvError {
  override readonly name = 'UnavailableError';
}

/** Whether a source gave no answer: asked once more, it may give one. */
export function isUnanswered(error: unknown): error is UnavailableError | TimeoutError {
  return error instanceof UnavailableError || error instanceof TimeoutError;
}
