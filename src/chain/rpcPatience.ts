import { sleep } from '../runbook/sleep.ts';
import { kindOfRpcError, type RpcFailureKind } from './rpcErrorKind.ts';
import { HttpFailure, NotDelivered, RpcError, retryAfterMs } from './rpcErrors.ts';

/** Passing trouble is tried this many times more: 0.75 s in all, and 3.75 s for a rate limit. */
const hiccupRetries = 2;
const rateRetries = 4;
const firstWaitMs = 250;
/** A node that asks for a longer wait than this, in one or in all, is not waited for: a screen has 6 s. */
const longestWaitMs = 5_000;

/** What it has cost so far: attempts that failed, and the time waited in between, in milliseconds. */
interface Spent {
  readonly attempt: number;
  readonly waited?: number;
}

/**
 * How long to wait before trying again what has ended in `error`, in milliseconds; undefined where it is no
 * passing trouble, or was tried often enough.
 */
export function waitFor(error: unknown, { attempt, waited = 0 }: Spent): number | undefined {
  const wait = retryAfterMs(error) ?? firstWaitMs * 2 ** attempt;
  if (waited + wait > longestWaitMs) return undefined;
  const kind = error instanceof RpcError ? kindOf(error) : undefined;
  const limited = kind === 'rate-limited' || isRateLimit(error);
  const hiccup =
    kind === 'failed' ||
    kind === 'http' ||
    (error instanceof HttpFailure && error.status >= 500) ||
    (error instanceof NotDelivered && error.isCut);
  if (limited) return attempt < rateRetries ? wait : undefined;
  return hiccup && attempt < hiccupRetries ? wait : undefined;
}

export function kindOf({ code, message, data, status }: RpcError): RpcFailureKind {
  return kindOfRpcError({ code, message, data, status });
}

function isRateLimit(error: unknown): boolean {
  return error instanceof HttpFailure && error.status === 429;
}

interface Sending {
  readonly isPatient: boolean;
  /** Called with what the request has failed with, before it is sent again. */
  onFailure(error: unknown): void;
}

/** Tries HTTP requests to one node again where they end in passing trouble. */
export class Patience {
  readonly #signal: AbortSignal | undefined;
  /** While the node limits the rate, one HTTP request at a time is repeated until it is served. */
  #rateLimited: Promise<void> | undefined;
  /** What that request has failed with last. */
  #limit: unknown;
  /** When that was given up last, in milliseconds since 1970. */
  #gaveUpAt = Number.NEGATIVE_INFINITY;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** @throws what `send` throws, at once where it is not to be repeated; the reason of the signal */
  async send<T>(send: () => Promise<T>, how: Sending): Promise<T> {
    const { isPatient, onFailure } = how;
    let spent: Required<Spent> = { attempt: 0, waited: 0 };
    for (;;) {
      while (this.#rateLimited !== undefined) {
        onFailure(this.#limit);
        await this.#rateLimited;
      }
      try {
        return await send();
      } catch (error) {
        this.#signal?.throwIfAborted();
        const wait = isPatient ? waitFor(error, spent) : undefined;
        if (wait === undefined) throw error;
        onFailure(error);
        if (isRateLimit(error)) {
          // No attempt of its own: whoever is served first, the others were refused because of that one.
          if (this.#rateLimited !== undefined) continue;
          // Another request has just waited in vain: this one would, too.
          if (performance.now() - this.#gaveUpAt < longestWaitMs) throw error;
          this.#limit = error;
          return await this.#sendAlone(send, wait, spent);
        }
        await sleep(wait, this.#signal);
        spent = { attempt: spent.attempt + 1, waited: spent.waited + wait };
      }
    }
  }

  /** Every other request waits meanwhile. */
  async #sendAlone<T>(send: () => Promise<T>, wait: number, spent: Required<Spent>): Promise<T> {
    const served = this.#repeat(send, wait, spent);
    this.#rateLimited = served.then(
      () => {},
      () => {},
    );
    try {
      return await served;
    } catch (reason) {
      this.#gaveUpAt = performance.now();
      throw reason;
    } finally {
      this.#rateLimited = undefined;
    }
  }

  async #repeat<T>(send: () => Promise<T>, firstWait: number, spent: Required<Spent>): Promise<T> {
    let wait: number | undefined = firstWait;
    let { waited } = spent;
    for (let attempt = spent.attempt + 1; ; attempt++) {
      await sleep(wait, this.#signal);
      waited += wait;
      try {
        return await send();
      } catch (error) {
        this.#signal?.throwIfAborted();
        wait = waitFor(error, { attempt, waited });
        if (wait === undefined) throw error;
        this.#limit = error;
      }
    }
  }
}
