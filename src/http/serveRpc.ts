import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from './nodeHttp.ts';

/** One call of a request; several come as a batch. */
export interface RpcQuery {
  readonly id: unknown;
  readonly method: string;
  readonly params: unknown;
}

export interface ServeRpcParameters {
  /** Of the URL. Default: `/`. */
  readonly path?: string;
  /** A longer body of a request is refused. In characters. */
  readonly mostChars: number;
  /** How long an idle connection is kept, in milliseconds; default Node's 5 s. */
  readonly keepAliveMs?: number;
  /** The text of the response to one call. Where it rejects the connection ends without an answer. */
  answer(query: RpcQuery): Promise<string>;
}

export interface RpcServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * A JSON-RPC server on a free port of loopback, which every user of this machine can reach.
 * @throws the error of the operating system where there is no free port
 */
export async function serveRpc(parameters: ServeRpcParameters): Promise<RpcServer> {
  const { path = '/', mostChars, keepAliveMs } = parameters;
  const server = http.createServer((request, response) => {
    const handle = async () => {
      if (request.url !== path || request.method !== 'POST') return send(response, 404, '');
      const body = await bodyOf(request, mostChars);
      if (body === undefined) return send(response, 413, '');
      send(response, 200, await answerBody(parameters, body));
    };
    handle().catch(() => response.destroy());
  });
  if (keepAliveMs !== undefined) server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path === '/' ? '' : path}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage, mostChars: number): Promise<string | undefined> {
  let body = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    body += part;
    if (body.length > mostChars) return undefined;
  }
  return body;
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function answerBody({ answer }: ServeRpcParameters, body: string): Promise<string> {
  let query: unknown;
  try {
    query = JSON.parse(body);
  } catch {
    return errorText(null, -32700, 'Parse error');
  }
  const one = (call: unknown): string | Promise<string> => {
    const { id = null, method, params = [] } = (call ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof method !== 'string') return errorText(null, -32600, 'Invalid Request');
    return answer({ id, method, params });
  };
  if (!Array.isArray(query)) return one(query);
  return `[${(await Promise.all(query.map(one))).join(',')}]`;
}

/** @param result in JSON */
export function resultText(id: unknown, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

export function errorText(id: unknown, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
