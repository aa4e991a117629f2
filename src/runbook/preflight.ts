import { Interrupted } from '../errors/Interrupted.ts';
import { isUnanswered, TimeoutError, TvError } from '../errors/TvError.ts';
import type { Check, Finding, World } from './check.ts';
import type { Context } from './context.ts';
import type { Facts, PreflightResult } from './define.ts';
import type { Json } from './json.ts';

/** Thrown by a check whose basis is missing because another check is blocked. */
class SkippedCheck extends Error {}

/** Default limit of one check, in milliseconds: long enough for a count over a large table. */
const defaultLimitMs = 30_000;

/**
 * Runs the checks of one preflight, all at once. Each has a time limit; one without an answer in
 * time, or that throws, blocks. A check that needs another's value awaits it through `need`.
 */
export class Preflight {
  readonly #ctx: Context;
  readonly #checks: Promise<Check>[] = [];

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /**
   * Starts a check and returns its value, or undefined where it has none. Never rejects.
   * @param limitMs milliseconds; also ends the check's `signal`
   */
  check<T extends Json>(
    id: string,
    world: World,
    check: (signal: AbortSignal) => Promise<Finding<T>>,
    limitMs = defaultLimitMs,
  ): Promise<T | undefined> {
    const outcome = this.#bounded(check, limitMs).catch((error: unknown) => blockedBy(error));
    const finished = outcome.then(({ value: _, ...finding }) => ({ id, world, ...finding }));
    this.#checks.push(finished);
    return outcome.then((finding) => ('value' in finding ? (finding.value as T) : undefined));
  }

  /** All checks, in the order in which they were started. */
  async checks(): Promise<readonly Check[]> {
    return Promise.all(this.#checks);
  }

  /**
   * All checks, and the facts that are made of the values of some; no facts where one of these has no value.
   * @param values of checks of this preflight
   */
  async result<V extends Readonly<Record<string, unknown>>, F extends Facts>(
    values: { readonly [K in keyof V]: Promise<V[K] | undefined> },
    factsOf: (known: V) => F,
  ): Promise<PreflightResult<F>> {
    const checks = await this.checks();
    const known = await Promise.all(
      Object.entries(values).map(async ([name, value]) => [name, await value] as const),
    );
    const facts = known.some(([, value]) => value === undefined)
      ? undefined
      : factsOf(Object.fromEntries(known) as V);
    return { checks, facts };
  }

  async #bounded<T extends Json>(
    check: (signal: AbortSignal) => Promise<Finding<T>>,
    limitMs: number,
  ): Promise<Finding<T>> {
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new TimeoutError('check.timeout', `Unknown: no answer within ${limitMs / 1000} s.`)),
      limitMs,
    );
    const signal = AbortSignal.any([limit.signal, this.#ctx.signal]);
    try {
      signal.throwIfAborted();
      return await Promise.race([
        check(signal),
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The value of another check, or the reason why this one is skipped. */
export async function need<T>(value: Promise<T | undefined>, name: string): Promise<T> {
  const known = await value;
  if (known === undefined) throw new SkippedCheck(name);
  return known;
}

function blockedBy(error: unknown): Finding {
  if (error instanceof SkippedCheck) {
    return { status: 'skip', summary: `skipped: needs ${error.message}` };
  }
  if (error instanceof Interrupted) return { status: 'skip', summary: `skipped: ${error.message}` };
  if (error instanceof TvError) {
    const unread = isUnanswered(error);
    const { message: summary, code, facts, next } = error;
    return { status: 'block', summary, code, facts, next, ...(unread ? { unread } : {}) };
  }
  // One check that fails in an unforeseen way must not hide the others, nor end an emergency.
  const reason = error instanceof Error ? error.message : String(error);
  return {
    status: 'block',
    code: 'tv.bug',
    summary: `Unexpected error in tv (${reason}).`,
    next: ['report this with the output of the same command and --verbose'],
  };
}

export function pass<T extends Json = never>(summary: string, value?: T): Finding<T> {
  return { status: 'pass', summary, ...(value === undefined ? {} : { value }) };
}

export function warn<T extends Json = never>(
  summary: string,
  rest: Omit<Finding<T>, 'status' | 'summary'> = {},
): Finding<T> {
  return { status: 'warn', summary, ...rest };
}

export function block<T extends Json = never>(
  summary: string,
  rest: Omit<Finding<T>, 'status' | 'summary'> = {},
): Finding<T> {
  return { status: 'block', summary, ...rest };
}
