import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkChainIds } from '../../src/chain/checkChainIds.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { readChainId } from '../../src/chain/readChainId.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { TimeoutError, TvError, UnavailableError } from '../../src/errors/TvError.ts';
import type { Chain } from '../../src/runbook/context.ts';
import { httpServer, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const contracts = {
  governanceRoles: undefined,
  riskController: undefined,
  treasuryVault: undefined,
  dexStrategy: undefined,
};
const connectFor = (timeoutMs: number, ...rpcUrls: string[]): Chain =>
  connectChain({ rpcUrls, id: 31337, timeoutMs, contracts });
/** Patient, so that a busy machine is not mistaken for a node in trouble. */
const connect = (...rpcUrls: string[]): Chain => connectFor(10_000, ...rpcUrls);

const failureOf = async (chain: Chain): Promise<TvError> => {
  const error: unknown = await readHead(chain).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TvError)) throw new Error('expected a TvError', { cause: error });
  return error;
};

const block = (number: number) => ({
  number: `0x${number.toString(16)}`,
  timestamp: '0x64',
  hash: `0x${'ab'.repeat(32)}`,
});
const good = () =>
  rpcServer(({ method }) =>
    method === 'eth_getBlockByNumber' ? block(7) : method === 'eth_blockNumber' ? '0x7' : '0x7a69',
  );
/** Says nothing until the client goes away. */
const hanging = () => httpServer(() => {});
const closedPort = async (): Promise<string> => {
  const server = await httpServer(() => {});
  await server[Symbol.asyncDispose]();
  return server.url;
};

describe('a node that does not answer as it should', () => {
  it('hangs', async () => {
    await using server = await hanging();
    const start = performance.now();
    const error = await failureOf(connectFor(300, server.url));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe('The RPC node did not answer in time.');
    expect(error.facts['node']).toBe(server.url);
    // Not asked again. A busy machine may not even have got the first one out yet.
    expect(server.requests).toBeLessThanOrEqual(1);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('sends headers and then hangs', async () => {
    await using server = await httpServer((response) => {
      response.setHeader('content-type', 'application/json').write('[');
    });
    expect(await failureOf(connectFor(300, server.url))).toBeInstanceOf(TimeoutError);
  });

  it('is not there', async () => {
    const error = await failureOf(connect(await closedPort()));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).toBe('The RPC node cannot be reached: connection refused.');
  });

  it('has no name', async () => {
    const error = await failureOf(connect('http://no-such-host.invalid'));
    expect(error.message).toMatch(/^The RPC node cannot be reached: host name/);
  });

  it('answers with a web page', async () => {
    await using server = await httpServer((response) => {
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><html><head><title>Just a\nmoment…</title></head><body>x</body></html>');
    });
    const error = await failureOf(connect(server.url));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).toBe('The RPC URL answered with a web page instead of JSON-RPC.');
    expect(error.facts).toMatchObject({ status: 'HTTP 200', answer: 'Just a moment…' });
    expect(error.next).toEqual([
      { when: 'see which RPC URLs are set, and from where', tv: ['config', 'show'] },
    ]);
  });

  it('answers 502 with a web page', async () => {
    await using server = await httpServer((response) => {
      response
        .writeHead(502, { 'content-type': 'text/html' })
        .end('<html><body><h1>Bad gateway</h1></body></html>');
    });
    const error = await failureOf(connect(server.url));
    expect(error.message).toBe('The RPC node answered HTTP 502.');
    expect(error.facts).toMatchObject({ status: 'HTTP 502', answer: 'Bad gateway' });
    expect(server.requests).toBe(3);
  });

  it.each([
    ['another JSON', '{"hello":"world"}'],
    ['half a JSON', '[{"jsonrpc":"2.0","id":1,"resu'],
    ['nulls', '[null]'],
    ['no result', '[{"jsonrpc":"2.0","id":1}]'],
    ['nothing', ''],
  ])('answers with %s', async (_, body) => {
    await using server = await httpServer((response) => {
      response.setHeader('content-type', 'application/json').end(body);
    });
    const error = await failureOf(connect(server.url));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).toBe('The RPC URL answered with something that is not JSON-RPC.');
  });

  it('answers with a block that is none', async () => {
    await using server = await rpcServer(() => ({ number: 'seven' }));
    const error = await failureOf(connect(server.url));
    expect(error.message).toBe('The RPC node answered something that is no block number.');
    expect(error.facts['answer']).toBe('"seven"');
  });

  it('refuses access', async () => {
    await using server = await httpServer((response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"message":"invalid project id"}');
    });
    const error = await failureOf(connect(server.url));
    expect(error.message).toBe('The RPC node refuses access.');
    expect(error.next[0]).toMatch(/^check the key or password in the RPC URL/);
  });

  it('limits the rate, and says for how long', async () => {
    await using server = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '30' }).end('slow down');
    });
    const start = performance.now();
    const error = await failureOf(connect(server.url));
    expect(error.message).toBe('The RPC node refuses more requests for now: a rate limit.');
    expect(error.facts).toMatchObject({ status: 'HTTP 429', 'asks to wait': '30 s' });
    expect(error.next).toEqual(['wait 30 s and run the command again, or add a second RPC URL']);
    // Nothing is gained by asking again before the 30 s are over, nor by keeping the operator waiting.
    expect(server.requests).toBe(1);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('limits the rate for a moment, and is asked again when it says', async () => {
    await using server = await httpServer((response, body) => {
      if (server.requests === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result: block(9) }));
    });
    const start = performance.now();
    expect((await readHead(connect(server.url))).number).toBe(9);
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(server.requests).toBe(2);
  });

  it('has an untrusted certificate, or no TLS at all', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tv-tls-'));
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const options = ['-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
    execFileSync('openssl', ['req', '-x509', ...options, '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
    const server = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) });
    rmSync(directory, { recursive: true });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    await using plain = await good();
    try {
      const { port } = server.address() as AddressInfo;
      const selfSigned = await failureOf(connect(`https://127.0.0.1:${port}`));
      expect(selfSigned.message).toBe('The RPC node cannot be trusted: its certificate is self-signed.');
      const noTls = await failureOf(connect(plain.url.replace('http:', 'https:')));
      expect(noTls.message).toMatch(/^The RPC node cannot be trusted: no TLS on that port/);
    } finally {
      server.close();
    }
  });
});

describe('several nodes', () => {
  it('a dead one is passed over, and costs its time limit once', async () => {
    await using dead = await hanging();
    await using alive = await good();
    const chain = connectFor(1_000, dead.url, alive.url);
    for (let round = 0; round < 5; round++) expect((await readHead(chain)).number).toBe(7);
    // One more for the comparison of heads, which is all that the dead one gets.
    expect([dead.requests, alive.requests]).toEqual([1, 6]);
  });

  it('one that lacks history is asked first again the next time', async () => {
    await using pruned = await rpcServer(({ method }) => {
      if (method !== 'eth_getBlockByNumber') return '0x7';
      throw new RpcRefusal(4444, 'pruned history unavailable');
    });
    await using archive = await good();
    const chain = connect(pruned.url, archive.url);
    await readHead(chain);
    await readHead(chain);
    // One more each for the comparison of heads.
    expect([pruned.requests, archive.requests]).toEqual([3, 3]);
  });

  it('all dead → the error reports each', async () => {
    await using dead = await hanging();
    const closed = await closedPort();
    const error = await failureOf(connectFor(300, dead.url, closed));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.facts).toEqual({
      node: dead.url,
      [closed]: 'unreachable: connection refused',
    });
  });

  it('the answer of a contract is an answer: no other node is asked', async () => {
    await using first = await rpcServer(() => {
      throw new RpcRefusal(3, 'execution reverted');
    });
    await using second = await good();
    expect((await failureOf(connect(first.url, second.url))).message).toBe('The contract refused the call.');
    // The comparison of heads alone.
    expect(second.requests).toBe(1);
  });

  it('are asked one by one for chain and head', async () => {
    await using here = await good();
    await using behind = await rpcServer(({ method }) => (method === 'eth_blockNumber' ? '0x3' : '0x7a69'));
    await using elsewhere = await rpcServer(({ method }) =>
      method === 'eth_blockNumber' ? '0xffff' : '0x1079',
    );
    const closed = await closedPort();
    const answers = await checkChainIds(connect(here.url, behind.url, elsewhere.url, closed));
    expect(answers.map(({ url, id, head, behind: blocks }) => ({ url, id, head, blocks }))).toEqual([
      { url: here.url, id: 31337, head: 7, blocks: 0 },
      { url: behind.url, id: 31337, head: 3, blocks: 4 },
      { url: elsewhere.url, id: 4217, head: 65535, blocks: 0 },
      { url: closed, id: undefined, head: undefined, blocks: undefined },
    ]);
    expect(answers[3]?.error?.message).toMatch(/cannot be reached/);
  });
});

describe('calls of one turn', () => {
  it('go out as one HTTP request', async () => {
    await using server = await good();
    const chain = connect(server.url);
    await Promise.all([readHead(chain), readChainId(chain), readHead(chain)]);
    expect(server.requests).toBe(1);
  });
});

describe('credentials in a URL', () => {
  const key = 'k3y0123456789abcdef0123456789abcd';
  const secretUrl = (port: number) => `http://ops:p4ssw0rd@127.0.0.1:${port}/v3/${key}?token=t0k3n-value`;
  const secrets = [key, 'p4ssw0rd', 't0k3n-value', Buffer.from('ops:p4ssw0rd').toString('base64')];

  /** Neither is in the URL: a provider may quote what a user put into the wrong place. */
  const privateKey = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
  const foreignKey = '0123456789abcdef0123456789abcdef';
  const quoted = `invalid key 0x${privateKey} (${secrets.join(', ')}) at https://elsewhere.example/v2/${foreignKey}`;
  const quoting = (status: number, body: string) =>
    httpServer((response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });

  const everythingIn = (error: unknown): string => {
    let text = '';
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      text += `${at.message}\n${at.stack}\n${JSON.stringify(at, Object.getOwnPropertyNames(at))}\n`;
    }
    return text;
  };

  it('reach the node', async () => {
    await using server = await httpServer((response, body, request) => {
      const result = { ...block(1), hash: `0x${'00'.repeat(32)}` };
      paths.push(request.url ?? '');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result }));
    });
    const paths: string[] = [];
    const chain = connect(secretUrl(server.port));
    expect((await readHead(chain)).number).toBe(1);
    expect(paths).toEqual([`/v3/${key}?token=t0k3n-value`]);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:p4ssw0rd').toString('base64')}`);
    expect(chain.urls).toEqual([`http://127.0.0.1:${server.port}/v3/***?token=***`]);
  });

  it('with a stray % reach the node as they are', async () => {
    await using server = await httpServer((response, body) => {
      const result = { ...block(1), hash: `0x${'00'.repeat(32)}` };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result }));
    });
    const chain = connect(`http://ops:50%off4all@127.0.0.1:${server.port}`);
    expect((await readHead(chain)).number).toBe(1);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:50%off4all').toString('base64')}`);
  });

  it.each([
    [
      'an RPC error',
      () =>
        rpcServer(() => {
          throw new RpcRefusal(-32000, 'no');
        }),
    ],
    [
      'HTTP 500',
      () =>
        httpServer((response) => {
          response.writeHead(500).end('x');
        }),
    ],
    [
      'a web page',
      () =>
        httpServer((response) => {
          response.end('<html>x</html>');
        }),
    ],
    ['HTTP 401 that quotes them', () => quoting(401, quoted)],
    ['a web page that quotes them', () => quoting(200, `<html>${quoted}</html>`)],
    [
      'an RPC error that quotes them',
      () => quoting(200, JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: quoted } })),
    ],
    [
      'an RPC error with HTTP 403 that quotes them',
      () => quoting(403, JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32001, message: quoted } })),
    ],
    ['a time-out', hanging],
    [
      'a cut connection',
      () =>
        httpServer((response) => {
          response.destroy();
        }),
    ],
  ] as const)('show in no error, its causes or its stack: %s', async (_, start) => {
    await using server = await start();
    const text = everythingIn(await failureOf(connectFor(1_000, secretUrl(server.port))));
    expect(text).toContain('127.0.0.1');
    for (const secret of [...secrets, privateKey, foreignKey]) expect(text).not.toContain(secret);
  });

  it('an error that quotes a hash keeps it', async () => {
    const hash = `0x${'ab'.repeat(32)}`;
    await using server = await rpcServer(() => {
      throw new RpcRefusal(-32000, `already known: ${hash}`);
    });
    expect((await failureOf(connect(secretUrl(server.port)))).facts['answer']).toBe(`already known: ${hash}`);
  });

  it('show in no error about a URL that is none', () => {
    expect(() => connect(`ws://ops:p4ssw0rd@host/${key}`)).toThrow(
      'RPC URL 1 of 1 is not an http or https URL.',
    );
    expect(() => connect()).toThrow(expect.objectContaining({ code: 'config.setting-missing' }));
  });
});

it('an abort ends a call at once, with its own reason', async () => {
  await using server = await hanging();
  const controller = new AbortController();
  const chain = connectChain({
    rpcUrls: [server.url],
    id: 1,
    timeoutMs: 60_000,
    contracts,
    signal: controller.signal,
  });
  const reason = new TvError('tv.interrupted', 'interrupted');
  const call = readHead(chain);
  setTimeout(() => controller.abort(reason), 50);
  await expect(call).rejects.toBe(reason);
  await expect(readHead(chain)).rejects.toBe(reason);
});
