import { urlCredentials, withoutUser } from '../config/mask.ts';
import { BodyTooLarge, type HttpResponse, request } from '../http/request.ts';
import { maskUrl, maskUrlsIn } from '../text/maskUrl.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { HttpFailure, NonsenseAnswer, NotDelivered, OversizedAnswer, RpcError } from './rpcErrors.ts';

/** One JSON-RPC call. */
export interface RpcCall {
  readonly method: string;
  readonly params: unknown;
}

/** What became of one call of an HTTP request; `missing` where the response does not mention it. */
export type Outcome = { readonly result: unknown } | { readonly error: Error } | 'missing';

/** The response is about the batch as a whole, whatever its words. */
export class BatchRefused extends Error {
  override readonly name = 'BatchRefused';
  /** What each call ends with, should the batch not be the reason. */
  readonly reason: Error;
  constructor(reason: Error) {
    super('the batch was refused', { cause: reason });
    this.reason = reason;
  }
}

export interface RpcNodeOptions {
  /** Limit of one HTTP request, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where the requests go, and what must not be shown of it. */
export interface Endpoint extends RpcNodeOptions {
  /** Without credentials. */
  readonly shown: string;
  readonly target: URL;
  readonly authorization: string | undefined;
  /** A foreign text is no JSON-RPC error of a served request, so that it quotes no hashes. */
  clean(text: string, isForeign: boolean): string;
}

export function endpointOf(url: string, options: RpcNodeOptions): Endpoint {
  const { url: target, authorization } = withoutUser(url);
  const clean = cleaner(url, authorization);
  return { ...options, shown: maskUrl(url), target, authorization, clean };
}

/**
 * The largest response that is read, in bytes. A block range of this many logs (about 16 000) is read
 * in pieces; viem's own limit is 10 MB for a whole batch.
 */
const mostBytes = 8 * 2 ** 20;
/** A shorter query value, such as a version, would take ordinary words out of every message. In characters. */
const shortestSecret = 6;
/** About the HTTP request itself: a rate limit, a node that is away or refuses access has nothing to do with the batch. */
const aboutRequest: readonly number[] = [401, 407, 429, 502, 503, 504];

let ids = 0;

/** One HTTP request. @throws BatchRefused, or what a request can end in */
export async function exchange(at: Endpoint, calls: readonly RpcCall[]): Promise<readonly Outcome[]> {
  at.signal?.throwIfAborted();
  const bodies = calls.map(({ method, params = [] }) => ({ jsonrpc: '2.0', id: ++ids, method, params }));
  const isBatch = bodies.length > 1;
  // A single call goes out as such: some nodes refuse every array.
  const response = await post(at, JSON.stringify(isBatch ? bodies : bodies[0])).catch((error: unknown) => {
    throw isBatch && error instanceof OversizedAnswer ? new BatchRefused(error) : error;
  });
  const answer = parse(response.text);
  if (response.status < 200 || response.status > 299) {
    const failure = failureOf(at, response, answer);
    throw isBatch && !aboutRequest.includes(response.status) ? new BatchRefused(failure) : failure;
  }
  const nonsense = () =>
    new NonsenseAnswer({ url: at.shown, status: response.status, body: at.clean(response.text, true) });
  if (isBatch) {
    if (answer === undefined) throw nonsense();
    if (Array.isArray(answer)) return outcomesOfBatch(at, answer, bodies);
    const outcome = isObject(answer) ? outcomeOf(at, answer) : undefined;
    throw new BatchRefused(outcome !== undefined && 'error' in outcome ? outcome.error : nonsense());
  }
  // Some servers answer a single call with a list of one.
  const only: unknown = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
  if (!isObject(only)) throw nonsense();
  return [outcomeOf(at, only)];
}

/** Some servers return the id as a text. */
function idOf(id: unknown): unknown {
  return typeof id === 'string' && /^\d+$/.test(id) ? Number(id) : id;
}

function outcomesOfBatch(
  at: Endpoint,
  answer: readonly unknown[],
  sent: readonly { readonly id: number }[],
): readonly Outcome[] {
  const byId = new Map(answer.filter(isObject).map((entry) => [idOf(entry['id']), entry]));
  const isComplete = sent.every(({ id }) => byId.has(id));
  return sent.map(({ id }): Outcome => {
    const entry = byId.get(id);
    if (entry === undefined) return 'missing';
    const outcome = outcomeOf(at, entry);
    // Geth answers a batch that is too large with one error, under the id of its first call.
    return !isComplete && 'error' in outcome ? 'missing' : outcome;
  });
}

function outcomeOf(at: Endpoint, entry: Readonly<Record<string, unknown>>): Exclude<Outcome, 'missing'> {
  const { error, result } = entry;
  // JSON-RPC 1.0 sends `error: null` beside a result.
  if (error === undefined || error === null) {
    return result === undefined
      ? { error: new NonsenseAnswer({ url: at.shown, body: at.clean(JSON.stringify(entry), true) }) }
      : { result };
  }
  return { error: rpcErrorOf(at, error) };
}

/** A malformed error says nothing of the request; its text is kept for the screen. */
function rpcErrorOf(at: Endpoint, error: unknown, response?: HttpResponse): Error {
  const code: unknown = isObject(error) ? error['code'] : undefined;
  if (!isObject(error) || typeof code !== 'number') {
    const said: unknown = isObject(error) ? error['message'] : error;
    const body = at.clean(typeof said === 'string' ? said : JSON.stringify(error), true);
    return new NonsenseAnswer({ url: at.shown, body, ...(response && { status: response.status }) });
  }
  const { message, data } = error;
  return new RpcError({
    url: at.shown,
    code,
    message: typeof message === 'string' ? at.clean(message, response !== undefined) : '',
    data,
    ...(response && { status: response.status, retryAfter: response.headers['retry-after'] }),
  });
}

function failureOf(at: Endpoint, response: HttpResponse, answer: unknown): Error {
  // HTTP 429 outranks whatever code comes with it.
  const error = response.status !== 429 && isObject(answer) ? answer['error'] : undefined;
  if (isObject(error) && typeof error['code'] === 'number') return rpcErrorOf(at, error, response);
  const { status, headers, text } = response;
  const said = at.clean(text, true);
  const body = [401, 403, 407].includes(status) ? said.replaceAll(tokenLike, '***') : said;
  return new HttpFailure({ url: at.shown, status, retryAfter: headers['retry-after'], body });
}

async function post(
  { shown, target, authorization, timeoutMs, signal }: Endpoint,
  body: string,
): Promise<HttpResponse> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await request({
      url: target,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      mostBytes,
      follow: true,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof BodyTooLarge) throw new OversizedAnswer({ url: shown, limit: mostBytes });
    throw new NotDelivered({ url: shown, cause: timeout.aborted ? timeout.reason : error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
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
