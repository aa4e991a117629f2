import { AsyncLocalStorage } from 'node:async_hooks';

interface Watch {
  /** What is being tried again, with what each has failed with last; the latest at the end. */
  readonly failing: Map<Attempt, unknown>;
  readonly outer: Watch | undefined;
}

/** Something that is tried again where it fails. */
export interface Attempt {
  /** It has failed with this, and will be tried again. */
  failed(error: unknown): void;
  /** It has succeeded, or is given up. */
  ended(): void;
}

const watches = new AsyncLocalStorage<Watch>();

/**
 * Does work, and knows why it takes long: whoever stops waiting for it can say what its attempts fail with.
 * @returns `failure`: what something that is being tried again has failed with last; undefined where nothing is
 */
export function watchAttempts<T>(work: () => Promise<T>): {
  readonly done: Promise<T>;
  readonly failure: () => unknown;
} {
  const watch: Watch = { failing: new Map(), outer: watches.getStore() };
  return {
    done: watches.run(watch, async () => work()),
    failure: () => [...watch.failing.values()].at(-1),
  };
}

/** For whoever tries again: it is reported to those who wait for this now. */
export function beginAttempt(): Attempt {
  const waiting: Watch[] = [];
  for (let at = watches.getStore(); at !== undefined; at = at.outer) waiting.push(at);
  const attempt: Attempt = {
    failed: (error) => {
      for (const { failing } of waiting) {
        failing.delete(attempt);
        failing.set(attempt, error);
      }
    },
    ended: () => {
      for (const { failing } of waiting) failing.delete(attempt);
    },
  };
  return attempt;
}
