import { type Attempt, beginAttempt } from '../errors/attempts.ts';
import { sleep } from '../runbook/sleep.ts';
import { HttpFailure, NonsenseAnswer, RangeRefused, RpcError } from './rpcErrors.ts';
import {
  BatchRefused,
  type Endpoint,
  endpointOf,
  exchange,
  isObject,
  type Outcome,
  type RpcCall,
  type RpcNodeOptions,
} from './rpcExchange.ts';
import { kindOf, Patience, waitFor } from './rpcPatience.ts';

/** One RPC URL, without any other node behind it. Requests of one turn go out as one HTTP request. */
export interface RpcNode {
  /** Without credentials. */
  readonly url: string;
  /**
   * @param options.patient wait for the end of passing trouble: a rate limit, a 502, a cut connection
   * @throws RpcError, HttpFailure, NonsenseAnswer, OversizedAnswer, NotDelivered (also for a time-out),
   * RangeRefused, or the reason of `signal`. None of them holds a credential.
   */
  request(method: string, params: unknown, options?: { readonly patient?: boolean }): Promise<unknown>;
}

/** A node that is this many blocks behind another is asked after it. Fewer are the network's own delay. */
export const lagBlocks = 3;
/** Geth and reth allow 1 000 or 100 calls in a batch, most providers 100 or more. */
const firstBatchLimit = 100;
/** HTTP requests of small calls, and of logs, at once. Providers count requests by the second. */
const vitalAtOnce = 6;
const largeAtOnce = 2;

/** A call with whoever waits for it. */
interface Call extends RpcCall {
  readonly patient: boolean;
  /** Times that it ended in passing trouble. */
  attempts: number;
  /** Of whoever waits for it. */
  readonly attempt: Attempt;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export function rpcNode(url: string, options: RpcNodeOptions): RpcNode {
  return new BatchingNode(endpointOf(url, options));
}

/** Gathers the calls of one turn into batches, and learns from refusals what the node takes. */
class BatchingNode implements RpcNode {
  readonly url: string;
  readonly #at: Endpoint;
  readonly #patience: Patience;
  readonly #vital = slots(vitalAtOnce);
  readonly #large = slots(largeAtOnce);
  #queue: Call[] = [];
  /** Learned from refusals. */
  #batchLimit = firstBatchLimit;
  /** The narrowest block range that this node refuses, in blocks. */
  #refusedRange = Number.POSITIVE_INFINITY;
  /** The one that it refused in unknown words the last time: it may have been a moment of the node. */
  #doubtedRange: number | undefined;

  constructor(at: Endpoint) {
    this.#at = at;
    this.url = at.shown;
    this.#patience = new Patience(at.signal);
  }

  request(method: string, params: unknown, { patient = false }: { readonly patient?: boolean } = {}) {
    return new Promise<unknown>((resolve, reject) => {
      const { signal } = this.#at;
      if (signal?.aborted) return reject(signal.reason);
      if (this.#queue.length === 0) setTimeout(() => this.#flush(), 0);
      const attempt = beginAttempt();
      const end =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          attempt.ended();
          settle(value);
        };
      const settled = { resolve: end(resolve), reject: end(reject) };
      this.#queue.push({ method, params, patient, attempts: 0, attempt, ...settled });
    });
  }

  #flush(): void {
    const calls = this.#queue;
    this.#queue = [];
    // Logs can be large and slow: they share neither a request nor a connection with small vital reads.
    for (const call of calls.filter(isLarge)) void this.#large(() => this.#sendLogs(call));
    const small = calls.filter((call) => !isLarge(call));
    for (const chunk of inChunks(small, this.#batchLimit)) void this.#vital(() => this.#send(chunk));
  }

  async #sendLogs(call: Call): Promise<void> {
    const width = rangeOf(call);
    if (width !== undefined && width >= this.#refusedRange) {
      call.reject(new RangeRefused({ url: this.url, width, refused: this.#refusedRange }));
      return;
    }
    const { resolve, reject } = call;
    call.resolve = (result) => {
      if (width === this.#doubtedRange) this.#doubtedRange = undefined;
      resolve(result);
    };
    call.reject = (error) => {
      if (width !== undefined && width > 1 && isRangeRefusal(error)) this.#noteRefusal(width, error);
      reject(error);
    };
    await this.#send([call]);
  }

  #noteRefusal(width: number, error: HttpFailure | RpcError): void {
    const isSure = error instanceof HttpFailure || kindOf(error) === 'too-wide';
    if (isSure || this.#doubtedRange === width) this.#refusedRange = Math.min(this.#refusedRange, width);
    else this.#doubtedRange = width;
  }

  /** Never throws: each call ends in `resolve` or `reject`. */
  async #send(calls: readonly Call[]): Promise<void> {
    if (calls.length === 0) return;
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#exchange(calls);
    } catch (error) {
      if (calls.length === 1 || !(error instanceof BatchRefused)) return this.#rejectAll(calls, error);
      const refused = { error: error.reason };
      return this.#split(
        calls,
        calls.map(() => refused),
      );
    }
    if (calls.length > 1 && (outcomes.includes('missing') || allAlike(outcomes))) {
      return this.#split(calls, outcomes);
    }
    await this.#settle(calls, outcomes);
  }

  #exchange(calls: readonly Call[]): Promise<readonly Outcome[]> {
    const isPatient = calls.some(({ patient }) => patient);
    const onFailure = (error: unknown) => {
      for (const { attempt } of calls) attempt.failed(error);
    };
    return this.#patience.send(() => exchange(this.#at, calls), { isPatient, onFailure });
  }

  /** Ends each call, or sends it again where it ended in passing trouble. */
  async #settle(calls: readonly Call[], outcomes: readonly Outcome[]): Promise<void> {
    const again: Call[] = [];
    let wait = 0;
    for (const [index, call] of calls.entries()) {
      const outcome = outcomes[index] ?? 'missing';
      const ms = waitOf(call, outcome);
      if (ms === undefined) this.#end(call, outcome);
      else {
        if (outcome !== 'missing' && 'error' in outcome) call.attempt.failed(outcome.error);
        again.push(call);
        wait = Math.max(wait, ms);
      }
    }
    if (again.length === 0) return;
    try {
      await sleep(wait, this.#at.signal);
    } catch (error) {
      return this.#rejectAll(again, error);
    }
    await this.#send(again);
  }

  #end(call: Call, outcome: Outcome): void {
    if (outcome === 'missing') call.reject(new NonsenseAnswer({ url: this.url, body: '' }));
    else if ('error' in outcome) call.reject(outcome.error);
    else call.resolve(outcome.result);
  }

  #rejectAll(calls: readonly Call[], error: unknown): void {
    const { signal } = this.#at;
    const reason = error instanceof BatchRefused ? error.reason : error;
    for (const call of calls) call.reject(signal?.aborted ? signal.reason : reason);
  }

  /**
   * A batch that was refused, or not answered in full. One of its calls is sent alone: where that is
   * served, the batch was the trouble, and smaller ones are tried, down to single calls.
   */
  async #split(calls: readonly Call[], outcomes: readonly Outcome[]): Promise<void> {
    const left: { readonly call: Call; readonly outcome: Outcome }[] = [];
    calls.forEach((call, index) => {
      const outcome = outcomes[index] ?? 'missing';
      if (outcome !== 'missing' && 'result' in outcome) call.resolve(outcome.result);
      else left.push({ call, outcome });
    });
    const [probe, ...rest] = left;
    if (probe === undefined) return;
    const others = rest.map(({ call }) => call);
    let alone: Outcome;
    try {
      [alone = 'missing'] = await this.#exchange([probe.call]);
    } catch (error) {
      // The node does not serve a single call either: nothing is known of its batches.
      return this.#rejectAll([probe.call, ...others], error);
    }
    await this.#settle([probe.call], [alone]);
    if (sameError(alone, probe.outcome)) {
      return this.#settle(
        others,
        rest.map(({ outcome }) => outcome),
      );
    }
    // A quarter, so that a node without batches is recognised after four refusals of a hundred.
    this.#batchLimit = Math.max(1, Math.min(this.#batchLimit, Math.floor(calls.length / 4)));
    await this.#sendInPieces(others);
  }

  /** One after the other until the limit is known: it may fall with each. */
  async #sendInPieces(calls: Call[]): Promise<void> {
    const next = () => this.#send(calls.splice(0, this.#batchLimit));
    await next();
    const worker = async () => {
      while (calls.length > 0) await next();
    };
    await Promise.all(Array.from({ length: vitalAtOnce }, worker));
  }
}

function isLarge({ method }: RpcCall): boolean {
  return method === 'eth_getLogs';
}

/** The blocks that a request for logs spans; undefined where it names one block, or none in numbers. */
function rangeOf({ params }: RpcCall): number | undefined {
  const filter: unknown = Array.isArray(params) ? params[0] : undefined;
  if (!isObject(filter)) return undefined;
  const [from, to] = [Number(filter['fromBlock']), Number(filter['toBlock'])];
  if (Number.isNaN(from)) return undefined;
  return Number.isNaN(to) ? Number.POSITIVE_INFINITY : to - from + 1;
}

/** Not one that depends on how busy the blocks are, or on the node's health. */
function isRangeRefusal(error: unknown): error is HttpFailure | RpcError {
  if (error instanceof HttpFailure) return [400, 413, 422].includes(error.status);
  return error instanceof RpcError && ['too-wide', 'rejected', 'failed'].includes(kindOf(error));
}

/** How long to wait before a call is sent again, in milliseconds; undefined where it has ended. */
function waitOf(call: Call, outcome: Outcome): number | undefined {
  if (outcome === 'missing' || !('error' in outcome) || !call.patient) return undefined;
  // A range that is too wide for a node is refused in any words: a narrower one comes next.
  const isWide = isLarge(call) && (rangeOf(call) ?? 1) > 1;
  if (isWide && isRangeRefusal(outcome.error)) return undefined;
  return waitFor(outcome.error, { attempt: call.attempts++ });
}

/** Every call failed in the same words: a provider may have put the refusal of the batch into each. */
function allAlike(outcomes: readonly Outcome[]): boolean {
  const [first] = outcomes;
  if (first === undefined || first === 'missing' || !('error' in first)) return false;
  const { error } = first;
  if (error instanceof RpcError && kindOf(error) === 'reverted') return false;
  return outcomes.every((outcome) => sameError(outcome, first));
}

function sameError(a: Outcome, b: Outcome): boolean {
  if (a === 'missing' || b === 'missing' || 'result' in a || 'result' in b) return false;
  const words = ({ error }: { readonly error: Error }) => [
    error.name,
    Reflect.get(error, 'code'),
    Reflect.get(error, 'status'),
    Reflect.get(error, 'details'),
  ];
  return JSON.stringify(words(a)) === JSON.stringify(words(b));
}

function inChunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Runs at most `limit` tasks at once, the others in the order of their arrival. */
function slots(limit: number): (task: () => Promise<void>) => Promise<void> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((next) => waiting.push(next));
    else running++;
    try {
      await task();
    } finally {
      // The place is handed on, so that none is taken in between.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
