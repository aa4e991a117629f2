import { describe, expect, it } from 'vitest';
import { connectApi } from '../../src/api/connectApi.ts';
import { readHealth } from '../../src/api/readHealth.ts';
import { readReady } from '../../src/api/readReady.ts';
import { TimeoutError, TvError, UnavailableError } from '../../src/errors/TvError.ts';
import { type HttpServer, httpServer } from '../support/rpcServer.ts';

const connect = (url: string | undefined, signal?: AbortSignal) =>
  connectApi({ url, timeoutMs: 10_000, ...(signal === undefined ? {} : { signal }) });

/** FastAPI as the deployed service uses it: a body for each path, with its status. */
const api = (answers: Record<string, readonly [number, unknown]>): Promise<HttpServer> =>
  httpServer((response, _, request) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, { detail: 'Not Found' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

describe('health', () => {
  it.each(['healthy', 'degraded', 'unhealthy'])('%s', async (status) => {
    const body = { status, service: 'tempovault-api', chain_id: 4217, latest_block: 15, timestamp: 'x' };
    await using server = await api({ '/health': [200, body] });
    const { durationMs, ...health } = await readHealth(connect(server.url));
    expect(health).toEqual({ status, chainId: 4217, latestBlock: 15 });
    expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  it('degraded, without the chain that is away', async () => {
    await using server = await api({
      '/health': [200, { status: 'degraded', chain_id: 4217, latest_block: null }],
    });
    expect(await readHealth(connect(`${server.url}/`))).toMatchObject({
      status: 'degraded',
      latestBlock: undefined,
    });
  });

  it('of something else that speaks JSON is no health', async () => {
    await using server = await api({});
    const call = readHealth(connect(server.url));
    await expect(call).rejects.toThrow('What answers at the API URL is not TempoVault’s API.');
    await expect(call).rejects.toMatchObject({
      facts: { status: 'HTTP 404', answer: '{"detail":"Not Found"}' },
    });
  });
});

describe('readiness', () => {
  /** Without the time that the answer took. */
  async function readyOf(url: string) {
    const { durationMs, ...ready } = await readReady(connect(url));
    expect(durationMs).toBeGreaterThanOrEqual(0);
    return ready;
  }

  it('200', async () => {
    await using server = await api({
      '/ready': [200, { ready: true, checks: { rpc: true, database: true } }],
    });
    expect(await readyOf(server.url)).toEqual({
      ready: true,
      checks: { rpc: true, database: true },
    });
  });

  it('503 with the checks under detail', async () => {
    const checks = { rpc: false, database: true, rpc_error: 'Connection refused' };
    await using server = await api({ '/ready': [503, { detail: { ready: false, checks } }] });
    expect(await readyOf(server.url)).toEqual({
      ready: false,
      checks: { rpc: false, database: true, rpcError: 'Connection refused' },
    });
  });

  it('in words', async () => {
    const checks = { rpc: 'ok', database: 'down', database_error: 'no connection' };
    await using server = await api({ '/ready': [503, { detail: { ready: false, checks } }] });
    expect(await readyOf(server.url)).toEqual({
      ready: false,
      checks: { rpc: true, database: false, databaseError: 'no connection' },
    });
  });

  it('of something else is none', async () => {
    await using server = await api({ '/ready': [503, { detail: 'Service Unavailable' }] });
    await expect(readReady(connect(server.url))).rejects.toThrow(UnavailableError);
  });
});

describe('an API that does not answer as it should', () => {
  it('hangs', async () => {
    await using server = await httpServer(() => {});
    const call = readHealth(connectApi({ url: server.url, timeoutMs: 300 }));
    await expect(call).rejects.toThrow(TimeoutError);
    await expect(call).rejects.toMatchObject({
      code: 'api.timeout',
      message: expect.stringContaining('0.3 s'),
    });
  });

  it('is not there', async () => {
    const server = await httpServer(() => {});
    await server[Symbol.asyncDispose]();
    await expect(readHealth(connect(server.url))).rejects.toThrow(
      'The API cannot be reached: connection refused.',
    );
  });

  it('answers with a web page', async () => {
    await using server = await httpServer((response) => {
      response.writeHead(502).end('<html><head><title>502 Bad Gateway</title></head></html>');
    });
    const call = readHealth(connect(server.url));
    await expect(call).rejects.toThrow('The API URL answered with a web page instead of JSON.');
    await expect(call).rejects.toMatchObject({ facts: { status: 'HTTP 502', answer: '502 Bad Gateway' } });
  });

  it('sends a body without end', async () => {
    await using server = await httpServer((response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
      };
      response.on('drain', more);
      more();
    });
    const call = readHealth(connect(server.url));
    await expect(call).rejects.toThrow('The API URL answered with more than 8 MiB.');
  });

  it('is ended by an abort', async () => {
    await using server = await httpServer(() => {});
    const reason = new TvError('tv.interrupted', 'interrupted');
    const controller = new AbortController();
    const call = readHealth(connect(server.url, controller.signal));
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});

// An unencoded `%` is no reason to fail.
it.each(['p4ssw0rd', '50%off4all'])(
  'credentials in the URL reach the API and nobody else: %j',
  async (password) => {
    await using server = await httpServer((response) => {
      response.end('no');
    });
    const client = connect(`http://ops:${password}@127.0.0.1:${server.port}`);
    const error: unknown = await readHealth(client).catch((reason: unknown) => reason);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from(`ops:${password}`).toString('base64')}`);
    expect(client.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(JSON.stringify([error, String(error)])).not.toContain(password);
    expect(() => connect('ftp://p4ssw0rd@x')).toThrow('The API URL is not an http or https URL.');
    expect(() => connect(undefined)).toThrow(expect.objectContaining({ code: 'config.setting-missing' }));
  },
);
