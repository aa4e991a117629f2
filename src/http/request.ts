import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { http, https } from './nodeHttp.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Default: POST with a body, GET without one. */
  readonly method?: 'OPTIONS';
  readonly body?: string;
  /** Default: whatever comes. */
  readonly mostBytes?: number;
  /** The body is neither waited for nor read: `text` is empty. */
  readonly statusOnly?: true;
  /** Whether a redirect is followed, at most five times; a POST only where it stays one (RFC 9110, 15.4). */
  readonly follow: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A body with more than `mostBytes`, counted after decompression. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

const mostRedirects = 5;

/** An idle connection is closed before the usual five seconds after which servers close theirs. */
const idleMs = 4000;
/** Node's global agents go through the proxy of HTTP_PROXY and HTTPS_PROXY where this asks for it; others need the variables given. */
const proxy = process.env['NODE_USE_ENV_PROXY'] === '1' ? { proxyEnv: process.env } : {};
const agents = {
  'http:': new http.Agent({ keepAlive: true, timeout: idleMs, ...proxy }),
  'https:': new https.Agent({ keepAlive: true, timeout: idleMs, ...proxy }),
};

/**
 * One request with Node's own client, over connections that stay open. It costs a third of `fetch`, which loads
 * undici and streams of the web: a command asks a node dozens of times.
 * @returns whatever status the server answers with
 * @throws BodyTooLarge, the error of the connection, or the signal's reason
 */
export async function request(parameters: HttpRequest): Promise<HttpResponse> {
  let { url, headers } = parameters;
  for (let redirects = 0; ; redirects++) {
    const response = await open({ ...parameters, url, headers });
    const status = response.statusCode ?? 0;
    const target = parameters.follow ? redirectOf(response, url, parameters.body !== undefined) : undefined;
    if (target === undefined) {
      if (parameters.statusOnly) response.destroy();
      const text = parameters.statusOnly ? '' : await readText(response, parameters);
      return { status, headers: response.headers, text };
    }
    response.destroy();
    if (redirects === mostRedirects) throw new Error(`more than ${mostRedirects} redirects`);
    if (target.origin !== url.origin) {
      // What is in it was meant for the first server alone.
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    url = target;
  }
}

async function open({ url, method, headers, signal, body }: HttpRequest): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const isSecure = url.protocol === 'https:';
  const options: RequestOptions = {
    agent: agents[isSecure ? 'https:' : 'http:'],
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...headers,
      'accept-encoding': 'gzip',
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    signal,
  };
  const sent: ClientRequest = isSecure ? https.request(url, options) : http.request(url, options);
  try {
    return await responseTo(sent, body);
  } catch (error) {
    throw signal.aborted ? signal.reason : named(error);
  }
}

/** Settles in every case: a socket that ends over a switch of protocols (101) closes the request without an error. */
function responseTo(sent: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    // It stays: an error may come after the response as well.
    sent.on('error', reject);
    sent.once('close', () => {
      const code = 'ERR_STREAM_PREMATURE_CLOSE';
      reject(Object.assign(new Error('closed without a response'), { code }));
    });
    sent.end(body);
  });
}

function redirectOf(response: IncomingMessage, from: URL, isPost: boolean): URL | undefined {
  const { statusCode = 0, headers } = response;
  const followed = isPost ? [307, 308] : [301, 302, 303, 307, 308];
  const { location = '' } = headers;
  if (!followed.includes(statusCode) || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

async function readText(
  response: IncomingMessage,
  { signal, mostBytes = Number.POSITIVE_INFINITY }: HttpRequest,
): Promise<string> {
  const isPacked = /^(x-)?gzip$/i.test(response.headers['content-encoding'] ?? '');
  const body: Readable = isPacked ? response.pipe(createGunzip()) : response;
  let isEmpty = isPacked;
  if (isPacked) {
    response.once('data', () => {
      isEmpty = false;
    });
    // `pipe` passes no error on.
    response.on('error', (error) => body.destroy(error));
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > mostBytes) throw new BodyTooLarge(`more than ${mostBytes} bytes`);
      parts.push(part);
    }
  } catch (error) {
    // No body, as with 204: nothing to unpack, although a header names a compression.
    if (isEmpty && response.complete && !signal.aborted) return '';
    response.destroy();
    throw signal.aborted ? signal.reason : named(error);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

/**
 * Node says `ECONNRESET` also where the server closed the connection in good order before it had answered, and leaves
 * OpenSSL's reason in the message where the writing of a handshake failed.
 */
function named(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = /^(socket hang up|aborted)$/.test(error.message)
    ? 'ERR_STREAM_PREMATURE_CLOSE'
    : /^write EPROTO .*:wrong version number:/.test(error.message)
      ? 'ERR_SSL_WRONG_VERSION_NUMBER'
      : undefined;
  return code === undefined ? error : Object.assign(new Error(error.message), { code });
}
