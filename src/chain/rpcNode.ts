import { http, UnknownRpcError } from 'viem';
import { maskUrl } from '../errors/maskUrl.ts';

/** Something answered, but not as a JSON-RPC node does. */
export class NonsenseAnswer extends Error {
  override readonly name = 'NonsenseAnswer';
  readonly url: string;
  readonly status: number | undefined;
  readonly body: string;

  constructor(answer: { url: string; status?: number; body: string; cause?: unknown }) {
    super('not a JSON-RPC answer', answer.cause === undefined ? undefined : { cause: answer.cause });
    this.url = answer.url;
    this.status = answer.status;
    this.body = answer.body;
  }
}

/** One RPC URL: no retries, no other node behind it. Requests of one turn go out as one HTTP request. */
export interface RpcNode {
  /** Without credentials. */
  readonly url: string;
  request(method: string, params: unknown): Promise<unknown>;
}

/**
 * @throws what viem's HTTP transport throws, NonsenseAnswer, or the reason of `signal`. None of them
 * holds a credential, since viem is only ever told the masked URL.
 */
export function rpcNode(
  url: string,
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): RpcNode {
  const shown = maskUrl(url);
  const { target, authorization } = takeCredentials(url);
  const { timeoutMs, signal } = options;

  async function fetchFn(_shown: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (authorization !== undefined) headers.set('authorization', authorization);
    const response = await fetch(target, { ...init, headers });
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    // A failed answer is viem's to judge: it reads the status and Retry-After from it.
    if (isJson || !response.ok) return response;
    const body = await response.text();
    if (!parses(body)) throw new NonsenseAnswer({ url: shown, status: response.status, body });
    return new Response(body, { status: response.status, headers: response.headers });
  }

  const transport = http(shown, {
    batch: true,
    retryCount: 0,
    timeout: timeoutMs,
    fetchFn,
    ...(signal === undefined ? {} : { fetchOptions: { signal } }),
  })({});

  return {
    url: shown,
    async request(method, params) {
      signal?.throwIfAborted();
      let result: unknown;
      try {
        result = await transport.request({ method, params });
      } catch (error) {
        signal?.throwIfAborted();
        // viem trips over batch entries that are no objects.
        const tripped = error instanceof UnknownRpcError && error.cause instanceof TypeError;
        if (tripped) throw new NonsenseAnswer({ url: shown, body: '', cause: error });
        throw error;
      }
      if (result === undefined) throw new NonsenseAnswer({ url: shown, body: '{} without a result' });
      return result;
    },
  };
}

/** `fetch` refuses URLs with a user in them: they travel as a header. */
function takeCredentials(text: string): { target: string; authorization: string | undefined } {
  const url = new URL(text);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  const authorization =
    user === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { target: url.toString(), authorization };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
