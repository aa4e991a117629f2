import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { TvError } from '../../errors/TvError.ts';
import { http } from '../../http/nodeHttp.ts';
import { contentSecurityPolicy } from './statusPage.ts';

/** What is served of the last check. */
export interface Served {
  /** Of the check, in milliseconds since 1970. */
  readonly at: number;
  readonly metrics: string;
  readonly page: string;
}

export interface MonitorServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
}

export interface ServeParameters {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
  /** The last check; undefined before the first. */
  last(): Served | undefined;
  now(): number;
  /** systemd's id of this start of the service; null where systemd did not start it. */
  readonly invocation: string | null;
  /** Time between two checks, in milliseconds. */
  readonly everyMs: number;
  /** Maximum age of a check before it counts as none, in milliseconds. */
  readonly staleMs: number;
}

/** For whoever is slow, and for how many at once. */
const requestLimitMs = 10_000;
const mostConnections = 100;

const html = 'text/html; charset=utf-8';
const plain = 'text/plain; charset=utf-8';

/**
 * Serves `/`, `/metrics` and `/health` of the last check; a request causes no check.
 * @throws TvError where the address cannot be had
 */
export async function serveMonitor(parameters: ServeParameters): Promise<MonitorServer> {
  const { host, port } = parameters;
  const server = http.createServer((request, response) => answer(request, response, parameters));
  server.requestTimeout = requestLimitMs;
  server.headersTimeout = requestLimitMs;
  server.maxConnections = mostConnections;
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen(port, host, done);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another program listens there',
      EACCES: 'permission denied',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'the name is unknown',
    };
    throw new TvError(
      'monitor.not-listening',
      `Cannot listen on ${host}:${port}: ${reasons[code] ?? code}.`,
      {
        next: { tv: ['monitor', '--help'] },
        cause: error,
      },
    );
  }
}

function answer(request: IncomingMessage, response: ServerResponse, parameters: ServeParameters): void {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  // The page is loaded again at each check, unless its reader has asked for it to be held (WCAG 2.2.1).
  const refreshes = path === '/' && query !== 'hold';
  const send = (status: number, type: string, body: string) => {
    response.writeHead(status, {
      ...(refreshes ? { refresh: String(Math.max(5, Math.round(parameters.everyMs / 1000))) } : {}),
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, plain, 'Only GET and HEAD.\n');
    return;
  }
  const last = parameters.last();
  if (path === '/health') {
    const isFresh = last !== undefined && parameters.now() - last.at <= parameters.staleMs;
    const lastLook = last === undefined ? null : new Date(last.at).toISOString();
    const status = isFresh ? 'ok' : 'stale';
    send(
      isFresh ? 200 : 503,
      'application/json',
      `${JSON.stringify({ status, lastLook, invocation: parameters.invocation })}\n`,
    );
  } else if (path !== '/' && path !== '/metrics') {
    send(404, plain, 'There are /, /metrics and /health.\n');
  } else if (last === undefined) {
    send(503, plain, 'The first check has not finished.\n');
  } else if (path === '/') {
    send(200, html, last.page);
  } else {
    send(200, 'text/plain; version=0.0.4; charset=utf-8', last.metrics);
  }
}
