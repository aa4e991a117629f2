import { urlCredentials, withoutUser } from '../config/mask.ts';
import { maskUrl, maskUrlsIn } from '../text/maskUrl.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { pause } from './pause.ts';
import { kindOfRpcError, type RpcFailureKind } from './rpcErrorKind.ts';
import {
  HttpFailure,
  NonsenseAnswer,
  NotDelivered,
  OversizedAnswer,
  RangeRefused,
  RpcError,
  retryAfterMs,
} from './rpcErrors.ts';

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

export interface RpcNodeOptions {
  /** Limit of one HTTP request, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A node that is this many blocks behind another is asked after it. Fewer are the network's own delay. */
export const lagBlocks = 3;
/** Geth and reth allow 1 000 or 100 calls in a batch, most providers 100 or more. */
const firstBatchLimit = 100;
/** HTTP requests of small calls, and of logs, at once. Providers count requests by the second. */
const vitalAtOnce = 6;
const largeAtOnce = 2;
/**
 * The largest response that is read, in bytes. A block range of this many logs (about 16 000) is read
 * in pieces; viem's own limit is 10 MB for a whole batch.
 */
const mostBytes = 8 * 2 ** 20;
/** A shorter query value, such as a version, would take ordinary words out of every message. In characters. */
const shortestSecret = 6;
/** Passing trouble is tried this many times more: 0.75 s in all, and 3.75 s for a rate limit. */
const hiccupRetries = 2;
const rateRetries = 4;
const firstWaitMs = 250;
/** A node that asks for a longer wait than this, in one or in all, is not waited for: a screen has 6 s. */
const longestWaitMs = 5_000;

interface Call {
  readonly method: string;
  readonly params: unknown;
  readonly patient: boolean;
  /** Times that it ended in passing trouble. */
  attempts: number;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** What became of one call of an HTTP request; `missing` where the response does not mention it. */
type Outcome = { readonly result: unknown } | { readonly error: Error } | 'missing';

/** The response is about the batch as a whole, whatever its words. */
class BatchRefused extends Error {
  override readonly name = 'BatchRefused';
  /** What each call ends with, should the batch not be the reason. */
  readonly reason: Error;
  constructor(reason: Error) {
    super('the batch was refused', { cause: reason });
    this.reason = reason;
  }
}

export function rpcNode(url: string, { timeoutMs, signal }: RpcNodeOptions): RpcNode {
  const shown = maskUrl(url);
  const { url: target, authorization } = withoutUser(url);
  const clean = cleaner(url, authorization);
  let queue: Call[] = [];
  /** Learned from refusals. */
  let batchLimit = firstBatchLimit;
  /** The narrowest block range that this node refused, in blocks. */
  let refusedRange = Number.POSITIVE_INFINITY;
  /** While the node limits the rate, one HTTP request at a time is repeated until it is served. */
  let rateLimited: Promise<void> | undefined;
  /** When that was given up last, in milliseconds since 1970. */
  let gaveUpAt = 0;
  const vital = slots(vitalAtOnce);
  const large = slots(largeAtOnce);
  let ids = 0;

  function request(method: string, params: unknown, options: { readonly patient?: boolean } = {}) {
    return new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (queue.length === 0) setTimeout(flush, 0);
      queue.push({ method, params, patient: options.patient ?? false, attempts: 0, resolve, reject });
    });
  }

  function flush(): void {
    const calls = queue;
    queue = [];
    // Logs can be large and slow: they share neither a request nor a connection with small vital reads.
    for (const call of calls.filter(isLarge)) void large(() => sendLogs(call));
    void sendAll(calls.filter((call) => !isLarge(call)));
  }

  async function sendLogs(call: Call): Promise<void> {
    const width = rangeOf(call);
    if (width !== undefined && width >= refusedRange) {
      call.reject(new RangeRefused({ url: shown, width, refused: refusedRange }));
      return;
    }
    const { reject } = call;
    call.reject = (error) => {
      if (width !== undefined && width > 1 && isRangeRefusal(error)) {
        refusedRange = Math.min(refusedRange, width);
      }
      reject(error);
    };
    await send([call]);
  }

  async function sendAll(calls: readonly Call[]): Promise<void> {
    await Promise.all(inChunks(calls, batchLimit).map((chunk) => vital(() => send(chunk))));
  }

  /** Never throws: each call ends in `resolve` or `reject`. */
  async function send(calls: readonly Call[]): Promise<void> {
    const [first] = calls;
    if (first === undefined) return;
    let outcomes: readonly Outcome[];
    try {
      outcomes = await exchangePatiently(calls);
    } catch (error) {
      if (signal?.aborted) return rejectAll(calls, signal.reason);
      if (calls.length === 1 || !(error instanceof BatchRefused)) return rejectAll(calls, error);
      return split(
        calls,
        calls.map(() => ({ error: error.reason })),
      );
    }
    const missing = outcomes.includes('missing');
    if (calls.length > 1 && (missing || allAlike(outcomes))) return split(calls, outcomes);
    await settleAll(calls, outcomes);
  }

  /** Ends each call, or sends it again where it ended in passing trouble. */
  async function settleAll(calls: readonly Call[], outcomes: readonly Outcome[]): Promise<void> {
    const again: Call[] = [];
    let wait = 0;
    for (const [index, call] of calls.entries()) {
      const outcome = outcomes[index] ?? 'missing';
      // A range that is too wide for a node is refused in any words: a narrower one comes next.
      const isWide = isLarge(call) && (rangeOf(call) ?? 1) > 1 && outcome !== 'missing';
      const passes = !(isWide && 'error' in outcome && isRangeRefusal(outcome.error));
      const failed = outcome !== 'missing' && 'error' in outcome && call.patient && passes;
      const ms = failed ? waitFor(outcome.error, call.attempts++) : undefined;
      if (ms === undefined) settle(call, outcome);
      else {
        again.push(call);
        wait = Math.max(wait, ms);
      }
    }
    if (again.length === 0) return;
    try {
      await pause(wait, signal);
    } catch (error) {
      return rejectAll(again, error);
    }
    await send(again);
  }

  /**
   * A batch that was refused, or not answered in full. One of its calls is sent alone: where that is
   * served, the batch was the trouble, and smaller ones are tried, down to single calls.
   */
  async function split(calls: readonly Call[], outcomes: readonly Outcome[]): Promise<void> {
    const left: { readonly call: Call; readonly outcome: Outcome }[] = [];
    calls.forEach((call, index) => {
      const outcome = outcomes[index] ?? 'missing';
      if (outcome !== 'missing' && 'result' in outcome) call.resolve(outcome.result);
      else left.push({ call, outcome });
    });
    const [probe, ...rest] = left;
    if (probe === undefined) return;
    let alone: Outcome;
    try {
      [alone = 'missing'] = await exchangePatiently([probe.call]);
    } catch (error) {
      // The node does not serve a single call either: nothing is known of its batches.
      if (signal?.aborted) return rejectAll(calls, signal.reason);
      return rejectAll(
        left.map(({ call }) => call),
        error,
      );
    }
    await settleAll([probe.call], [alone]);
    if (sameError(alone, probe.outcome)) {
      return settleAll(
        rest.map(({ call }) => call),
        rest.map(({ outcome }) => outcome),
      );
    }
    // A quarter, so that a node without batches is recognised after four refusals of a hundred.
    batchLimit = Math.max(1, Math.min(batchLimit, Math.floor(calls.length / 4)));
    // One after the other until the limit is known: `batchLimit` may fall with each.
    const others = rest.map(({ call }) => call);
    await send(others.splice(0, batchLimit));
    const worker = async () => {
      while (others.length > 0) await send(others.splice(0, batchLimit));
    };
    await Promise.all(Array.from({ length: vitalAtOnce }, worker));
  }

  function settle(call: Call, outcome: Outcome): void {
    if (outcome === 'missing') call.reject(new NonsenseAnswer({ url: shown, body: '' }));
    else if ('error' in outcome) call.reject(outcome.error);
    else call.resolve(outcome.result);
  }

  async function exchangePatiently(calls: readonly Call[]): Promise<readonly Outcome[]> {
    const patient = calls.some((call) => call.patient);
    let waited = 0;
    let attempt = 0;
    for (;;) {
      while (rateLimited !== undefined) await rateLimited;
      try {
        return await exchange(calls);
      } catch (error) {
        signal?.throwIfAborted();
        const wait = patient ? waitFor(error, attempt, waited) : undefined;
        if (wait === undefined) throw error;
        if (!(error instanceof HttpFailure && error.status === 429)) {
          await pause(wait, signal);
          waited += wait;
          attempt++;
          continue;
        }
        // No attempt of its own: whoever is served first, the others were refused because of that one.
        if (rateLimited !== undefined) continue;
        // Another request has just waited in vain: this one would, too.
        if (Date.now() - gaveUpAt < longestWaitMs) throw error;
        const served = repeatAlone(calls, { wait, attempt: attempt + 1, waited });
        rateLimited = served.then(
          () => {},
          () => {},
        );
        try {
          return await served;
        } catch (reason) {
          gaveUpAt = Date.now();
          throw reason;
        } finally {
          rateLimited = undefined;
        }
      }
    }
  }

  /** Every other request waits meanwhile. */
  async function repeatAlone(
    calls: readonly Call[],
    so: { readonly wait: number; readonly attempt: number; readonly waited: number },
  ) {
    let wait: number | undefined = so.wait;
    let { waited } = so;
    for (let { attempt } = so; ; attempt++) {
      await pause(wait, signal);
      waited += wait;
      try {
        return await exchange(calls);
      } catch (error) {
        signal?.throwIfAborted();
        wait = waitFor(error, attempt, waited);
        if (wait === undefined) throw error;
      }
    }
  }

  /** One HTTP request. @throws BatchRefused, or what a request can end in */
  async function exchange(calls: readonly Call[]): Promise<readonly Outcome[]> {
    signal?.throwIfAborted();
    const [first] = calls;
    const bodies = calls.map(({ method, params = [] }) => ({ jsonrpc: '2.0', id: ++ids, method, params }));
    const isBatch = bodies.length > 1;
    // A single call goes out as such: some nodes refuse every array.
    const { response, text } = await post(JSON.stringify(isBatch ? bodies : bodies[0])).catch(
      (error: unknown) => {
        throw isBatch && error instanceof OversizedAnswer ? new BatchRefused(error) : error;
      },
    );
    const answer = parse(text);
    if (!response.ok) {
      const failure = failureOf(response, text, answer);
      // A rate limit, or a node that is away, is not about the batch.
      const aboutBatch = ![401, 407, 429, 502, 503, 504].includes(response.status);
      throw isBatch && aboutBatch ? new BatchRefused(failure) : failure;
    }
    const nonsense = () =>
      new NonsenseAnswer({ url: shown, status: response.status, body: clean(text, true) });
    if (answer === undefined) throw nonsense();
    if (!isBatch) {
      // Some servers answer a single call with a list of one.
      const [only = answer] = Array.isArray(answer) && answer.length === 1 ? (answer as unknown[]) : [];
      if (first === undefined || !isObject(only)) throw nonsense();
      return [outcomeOf(only)];
    }
    if (!Array.isArray(answer)) {
      const outcome = isObject(answer) ? outcomeOf(answer) : undefined;
      throw new BatchRefused(outcome !== undefined && 'error' in outcome ? outcome.error : nonsense());
    }
    const byId = new Map(answer.filter(isObject).map((entry) => [String(entry['id']), entry]));
    const complete = bodies.every(({ id }) => byId.has(String(id)));
    return bodies.map(({ id }): Outcome => {
      const entry = byId.get(String(id));
      if (entry === undefined) return 'missing';
      const outcome = outcomeOf(entry);
      // Geth answers a batch that is too large with one error, under the id of its first call.
      return !complete && 'error' in outcome ? 'missing' : outcome;
    });
  }

  function outcomeOf(entry: Readonly<Record<string, unknown>>): Exclude<Outcome, 'missing'> {
    const { error, result } = entry;
    // JSON-RPC 1.0 sends `error: null` beside a result.
    if (error === undefined || error === null) {
      return result === undefined
        ? { error: new NonsenseAnswer({ url: shown, body: clean(JSON.stringify(entry), true) }) }
        : { result };
    }
    return { error: rpcErrorOf(error) };
  }

  /** A malformed error says nothing of the request; its text is kept for the screen. */
  function rpcErrorOf(error: unknown, response?: Response): Error {
    const code: unknown = isObject(error) ? error['code'] : undefined;
    if (!isObject(error) || typeof code !== 'number') {
      const said: unknown = isObject(error) ? error['message'] : error;
      const body = clean(typeof said === 'string' ? said : JSON.stringify(error), true);
      return new NonsenseAnswer({ url: shown, body, ...(response && { status: response.status }) });
    }
    const { message, data } = error;
    return new RpcError({
      url: shown,
      code,
      message: typeof message === 'string' ? clean(message, response !== undefined) : '',
      data,
      ...(response && { status: response.status, headers: response.headers }),
    });
  }

  function failureOf(response: Response, text: string, answer: unknown): Error {
    // HTTP 429 outranks whatever code comes with it.
    const error = response.status !== 429 && isObject(answer) ? answer['error'] : undefined;
    if (isObject(error) && typeof error['code'] === 'number') return rpcErrorOf(error, response);
    const { status, headers } = response;
    const said = clean(text, true);
    const body = [401, 403, 407].includes(status) ? said.replaceAll(tokenLike, '***') : said;
    return new HttpFailure({ url: shown, status, headers, body });
  }

  async function post(body: string): Promise<{ response: Response; text: string }> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(target, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body,
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      return { response, text: await readBody(response) };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OversizedAnswer) throw error;
      throw new NotDelivered({ url: shown, cause: timeout.aborted ? timeout.reason : error });
    }
  }

  async function readBody(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    let bytes = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new OversizedAnswer({ url: shown, limit: mostBytes });
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  return { url: shown, request };
}

function isLarge({ method }: Call): boolean {
  return method === 'eth_getLogs';
}

/** The blocks that a request for logs spans; undefined where it names one block, or none in numbers. */
function rangeOf({ params }: Call): number | undefined {
  const filter: unknown = Array.isArray(params) ? params[0] : undefined;
  if (!isObject(filter)) return undefined;
  const [from, to] = [Number(filter['fromBlock']), Number(filter['toBlock'])];
  if (Number.isNaN(from)) return undefined;
  return Number.isNaN(to) ? Number.POSITIVE_INFINITY : to - from + 1;
}

/** Not one that depends on how busy the blocks are, or on the node's health. */
function isRangeRefusal(error: unknown): boolean {
  if (error instanceof HttpFailure) return [400, 413, 422].includes(error.status);
  return error instanceof RpcError && ['too-wide', 'rejected', 'failed'].includes(kindOf(error));
}

/** @param waited for this request so far, in milliseconds */
function waitFor(error: unknown, attempt: number, waited = 0): number | undefined {
  const wait = retryAfterMs(error) ?? firstWaitMs * 2 ** attempt;
  if (waited + wait > longestWaitMs) return undefined;
  const kind = error instanceof RpcError ? kindOf(error) : undefined;
  const limited = kind === 'rate-limited' || (error instanceof HttpFailure && error.status === 429);
  const hiccup =
    kind === 'failed' ||
    kind === 'http' ||
    (error instanceof HttpFailure && error.status >= 500) ||
    (error instanceof NotDelivered && error.isCut);
  if (limited) return attempt < rateRetries ? wait : undefined;
  return hiccup && attempt < hiccupRetries ? wait : undefined;
}

/** Every call failed in the same words: a provider may have put the refusal of the batch into each. */
function allAlike(outcomes: readonly Outcome[]): boolean {
  const [first] = outcomes;
  if (first === undefined || first === 'missing' || !('error' in first)) return false;
  const { error } = first;
  if (error instanceof RpcError && kindOf(error) === 'reverted') return false;
  return outcomes.every((outcome) => sameError(outcome, first));
}

function kindOf({ code, message, data, status }: RpcError): RpcFailureKind {
  return kindOfRpcError({ code, message, data, status });
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

function rejectAll(calls: readonly Call[], error: unknown): void {
  const reason = error instanceof BatchRefused ? error.reason : error;
  for (const call of calls) call.reject(reason);
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An API key in any notation: this long, and with a digit. Only where a node refuses access. */
const tokenLike = /(?=[\w-]*\d)[\w-]{20,}/g;
/** A refusal in these words may quote a private key; others quote hashes and roles, which have as many digits. */
const aboutKeys = /\b(api[ _-]?)?keys?\b|\b(token|secret|unauthori[sz]ed|authentication)\b/i;

/**
 * What a node says about a request may quote the request: its own URL, and the secrets in that.
 * @param url the node's own, as it is set
 * @returns a function of a text, and whether that is foreign: no JSON-RPC error of a served request, so that
 * it quotes no hashes
 */
function cleaner(url: string, authorization: string | undefined) {
  const secrets = [...urlCredentials(url), ...(authorization === undefined ? [] : [authorization.slice(6)])]
    .filter((secret) => secret.length >= shortestSecret)
    .toSorted((a, b) => b.length - a.length);
  return (text: string, isForeign: boolean): string => {
    let shown = text;
    for (const secret of secrets) shown = shown.replaceAll(secret, '***');
    shown = maskUrlsIn(shown);
    return isForeign || aboutKeys.test(shown) ? withoutKeys(shown) : shown;
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
