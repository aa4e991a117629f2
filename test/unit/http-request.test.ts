import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { connectionFailure } from '../../src/errors/connectionFailure.ts';
import { BodyTooLarge, type HttpRequest, request } from '../../src/http/request.ts';

type Handler = (incoming: IncomingMessage, response: ServerResponse) => void;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(handler: Handler): Promise<URL> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`);
}

const call = (url: URL, more: Partial<HttpRequest> = {}) =>
  request({ url, headers: {}, signal: AbortSignal.timeout(10_000), follow: true, ...more });

it('any status is a response, with its text in UTF-8 and what Retry-After says', async () => {
  const url = await serve((_, response) => {
    response.writeHead(429, { 'retry-after': '7' });
    response.end(Buffer.from('zu viele Anfragen: 5 \u20ac'));
  });
  const { status, headers, text, ...rest } = await call(url);
  expect([status, headers['retry-after'], text]).toEqual([429, '7', 'zu viele Anfragen: 5 \u20ac']);
  expect(rest).toEqual({});
});

it('a body makes it a POST, and arrives whole', async () => {
  const url = await serve(async (incoming, response) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part);
    response.end(`${incoming.method} ${Buffer.concat(parts)}`);
  });
  const long = '\u20ac'.repeat(100_000);
  expect((await call(url, { body: long })).text).toBe(`POST ${long}`);
});

it('requests one after another share a connection', async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((incoming, response) => {
    ports.add(incoming.socket.remotePort);
    response.end('ok');
  });
  for (let index = 0; index < 5; index++) await call(url, { body: '{}' });
  expect(ports.size).toBe(1);
});

it('a compressed body is unpacked, and its limit counts what it holds', async () => {
  const packed = gzipSync(Buffer.alloc(1_000_000, 'x'));
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(packed);
  });
  expect((await call(url)).text).toHaveLength(1_000_000);
  await expect(call(url, { mostBytes: 999_999 })).rejects.toBeInstanceOf(BodyTooLarge);
});

it.each([
  ['before it has answered', (response: ServerResponse) => response.destroy()],
  [
    'in the middle of the body',
    (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    },
  ],
  [
    'in the middle of a compressed body',
    (response: ServerResponse) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 1000 });
      response.write(gzipSync('x'.repeat(5000)).subarray(0, 12), () => response.destroy());
    },
  ],
])('a connection that the server closes %s is cut, and no response', async (_, answer) => {
  const url = await serve((__, response) => void answer(response));
  const error = await call(url).catch((reason: unknown) => reason);
  expect(connectionFailure(error)).toMatchObject({ kind: 'cut' });
});

it('a compressed body that is damaged is an error', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end('{"jsonrpc":"2.0"}');
  });
  await expect(call(url)).rejects.toMatchObject({ code: 'Z_DATA_ERROR' });
});

it('a server without TLS is named as such', async () => {
  const url = await serve((_, response) => response.end('ok'));
  const error = await call(new URL(url.href.replace('http:', 'https:'))).catch((reason: unknown) => reason);
  expect(connectionFailure(error)).toMatchObject({ kind: 'tls', code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
});

it.each(['before the headers', 'before the end of the body'])(
  'a signal ends it with its reason %s',
  async (when) => {
    const abort = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    const url = await serve((_, response) => {
      if (when === 'before the end of the body') response.writeHead(200).write('half');
      setImmediate(() => abort.abort(reason));
    });
    await expect(call(url, { signal: abort.signal })).rejects.toBe(reason);
    await expect(call(url, { signal: abort.signal })).rejects.toBe(reason);
  },
);

it('a redirect is followed by a GET, and by a POST only where it stays one', async () => {
  const url = await serve((incoming, response) => {
    const [, status] = /^\/to\/(\d+)$/.exec(incoming.url ?? '') ?? [];
    if (status === undefined) return void response.end(`${incoming.method} ${incoming.url}`);
    response.writeHead(Number(status), { location: '/there' }).end('moved');
  });
  const ask = async (status: number, body?: string) =>
    (await call(new URL(`/to/${status}`, url), body === undefined ? {} : { body })).text;
  expect(await ask(301)).toBe('GET /there');
  expect(await ask(308)).toBe('GET /there');
  expect(await ask(301, '{}')).toBe('moved');
  expect(await ask(308, '{}')).toBe('POST /there');
  expect(await call(new URL('/to/302', url), { follow: false })).toMatchObject({ status: 302 });
});

it('a redirect to another server leaves the credentials behind', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end('ok');
  });
  const url = await serve((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.writeHead(307, { location: other.href }).end();
  });
  await call(url, { headers: { authorization: 'Basic c2VjcmV0' }, body: '{}' });
  expect(seen).toEqual(['Basic c2VjcmV0', undefined]);
});

it('redirects that lead to themselves end', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    response.writeHead(302, { location: '/rpc' }).end();
  });
  await expect(call(url)).rejects.toThrow('more than 5 redirects');
  expect(asked).toBe(6);
});

/** A server that writes what no HTTP library would. */
async function serveRaw(handler: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => handler(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`);
}

const write = (text: string) => (socket: Socket) => void socket.write(text);

it('a server that switches to another protocol has closed the connection', async () => {
  const url = await serveRaw(
    write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  );
  const error = await call(url, { body: '{}' }).catch((thrown: unknown) => thrown);
  expect(connectionFailure(error)?.kind).toBe('cut');
});

it.each([
  '204 No Content\r\n',
  '304 Not Modified\r\n',
  '200 OK\r\nContent-Length: 0\r\n',
  '200 OK\r\nTransfer-Encoding: chunked\r\n',
])('no body is an empty text, although a header names a compression: %j', async (head) => {
  const end = head.includes('chunked') ? '0\r\n\r\n' : '';
  const url = await serveRaw(write(`HTTP/1.1 ${head}Content-Encoding: gzip\r\n\r\n${end}`));
  expect(await call(url)).toMatchObject({ status: Number(head.slice(0, 3)), text: '' });
});

it('a compressed body of which nothing comes before the connection ends is an error', async () => {
  const url = await serveRaw((socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Encoding: gzip\r\n\r\n'),
  );
  const error = await call(url).catch((thrown: unknown) => thrown);
  expect(connectionFailure(error)?.kind).toBe('cut');
});

it('a status alone does not wait for a body that stalls', async () => {
  const url = await serveRaw(write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
  expect(await call(url, { body: '{}', statusOnly: true })).toMatchObject({ status: 200, text: '' });
});

it.each([
  ['a body that never ends', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ['headers that never end', 'HTTP/1.1 200 OK\r\nX-A: b\r\n'],
  ['no answer', ''],
])('%s ends with the reason of the signal', async (_, text) => {
  const url = await serveRaw(write(text));
  await expect(call(url, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
});

it('a response before the body was taken, then a reset: no error without a listener', async () => {
  const url = await serveRaw((socket) => {
    socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno');
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  const ended = await call(url, { body: 'x'.repeat(30_000_000) }).catch((thrown: unknown) => thrown);
  // Which of the two comes first is up to the system.
  const status = (ended as { readonly status?: number }).status;
  expect(status ?? connectionFailure(ended)?.kind).toBeOneOf([413, 'cut']);
});

it('a connection that the server closes when it is used again is an error, and nothing is sent twice', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    if (requests === 2) response.socket?.destroy();
    else response.end('ok');
  });
  await call(url, { body: '{}' });
  const error = await call(url, { body: '{}' }).catch((thrown: unknown) => thrown);
  expect(connectionFailure(error)?.kind).toBe('cut');
  expect(requests).toBe(2);
});

it.each<readonly [string, { readonly headers?: Record<string, string>; readonly at?: string }]>([
  ['a header with a line break', { headers: { authorization: 'Basic a\r\nX-Secret: b' } }],
  ['a user that is no percent-encoding', { at: 'http://u:%zz@127.0.0.1:1/' }],
])('%s is refused without a word of it', async (_, { headers = {}, at = 'http://127.0.0.1:1/' }) => {
  const error = await call(new URL(at), { headers }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).not.toMatch(/X-Secret|%zz/);
});

it.each([
  ['1', 'by the proxy: http://192.0.2.1/rpc'],
  ['', 'directly'],
])('NODE_USE_ENV_PROXY=%j → asks %s', async (asked, way) => {
  const proxy = await serve((incoming, response) => {
    response.end(`by the proxy: ${incoming.url}`);
  });
  const module = new URL('../../src/http/request.ts', import.meta.url).href;
  // An address of the documentation range (RFC 5737), which nothing answers. Agents are made when the module is loaded.
  const program = `
    const { request } = await import(${JSON.stringify(module)});
    const url = new URL('http://192.0.2.1/rpc');
    const options = { url, headers: {}, signal: AbortSignal.timeout(2000), follow: false };
    console.log(await request(options).then(({ text }) => text, () => 'directly'));
    process.exit();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { NODE_USE_ENV_PROXY: asked, HTTP_PROXY: proxy.origin },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
  });
  await once(child, 'close');
  expect(said.trim()).toBe(way);
});
