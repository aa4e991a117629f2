import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RpcCall {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** HTTP requests so far. */
  requests: number;
  /** Headers of the last request. */
  headers: IncomingMessage['headers'];
}

/** A real HTTP server on a free port; the handler is the thing that behaves, or misbehaves. */
export async function httpServer(
  handle: (response: ServerResponse, body: string, request: IncomingMessage) => void | Promise<void>,
): Promise<HttpServer> {
  const server = createServer(async (request, response) => {
    self.requests++;
    self.headers = request.headers;
    let body = '';
    for await (const chunk of request) body += chunk;
    // What fails here fails for whoever asked, as with a real server.
    await Promise.resolve(handle(response, body, request)).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const self: HttpServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: 0,
    headers: {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return self;
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

/** Thrown by an answer function to make its call an error. */
export class RpcRefusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A JSON-RPC server: one answer function for every call, single or batched. */
export function rpcServer(answer: (call: RpcCall) => unknown | Promise<unknown>): Promise<HttpServer> {
  return httpServer(async (response, body) => {
    const request: RpcCall | RpcCall[] = JSON.parse(body);
    const one = async (call: RpcCall) => {
      try {
        return { jsonrpc: '2.0', id: call.id, result: await answer(call) };
      } catch (error) {
        if (!(error instanceof RpcRefusal)) throw error;
        return { jsonrpc: '2.0', id: call.id, error: { code: error.code, message: error.message } };
      }
    };
    const result = Array.isArray(request) ? await Promise.all(request.map(one)) : await one(request);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
  });
}

/** Passes everything on to a node, and counts the HTTP requests. */
export function countingNode(url: string): Promise<HttpServer> {
  return httpServer(async (response, body) => {
    const answer = await fetch(url, {
      method: 'POST',
      // A connection of its own: a kept one may be closed by the node just when it is used again.
      headers: { 'content-type': 'application/json', connection: 'close' },
      body,
    });
    response.setHeader('content-type', 'application/json').end(await answer.text());
  });
}

/** Sends one call to a JSON-RPC server; a refusal comes back as RpcRefusal. */
export async function callRpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: RpcError };
  if (answer.error !== undefined) throw new RpcRefusal(answer.error.code, answer.error.message);
  return answer.result;
}
