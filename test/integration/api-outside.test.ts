import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCertificate } from '../../src/api/readCertificate.ts';
import { readCors } from '../../src/api/readCors.ts';
import { TimeoutError, UnavailableError } from '../../src/errors/TvError.ts';

const timeoutMs = 5_000;
const folder = mkdtempSync(join(tmpdir(), 'tv-tls-'));
const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the certificate of a server', () => {
  let port = 0;
  beforeAll(async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const names = ['-subj', '/O=Test CA/CN=localhost', '-days', '10', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...words, ...names], { stdio: 'ignore' });
    port = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
  });

  it('is read although it is not trusted, with its issuer and the day on which it expires', async () => {
    const shown = await readCertificate({ url: `https://localhost:${port}`, timeoutMs });
    const days = (shown.validTo.getTime() - Date.now()) / 86_400_000;
    expect(shown).toMatchObject({ host: 'localhost', issuer: 'Test CA' });
    expect(shown.untrusted).toMatch(/SELF_SIGNED/);
    expect(days).toBeGreaterThan(9);
    expect(days).toBeLessThanOrEqual(10);
  });

  it('nothing listens, or not with TLS → unavailable', async () => {
    const plain = await listen(createServer((_, response) => response.end('x')));
    for (const place of [`127.0.0.1:${plain}`, '127.0.0.1:9']) {
      await expect(readCertificate({ url: `https://${place}`, timeoutMs })).rejects.toThrow(UnavailableError);
    }
  });

  it('a server that says nothing → timeout', async () => {
    const silent = await listen(createTcpServer(() => {}));
    await expect(readCertificate({ url: `https://127.0.0.1:${silent}`, timeoutMs: 100 })).rejects.toThrow(
      TimeoutError,
    );
  });
});

describe('a CORS preflight', () => {
  const origin = 'https://app.example';
  const asked: unknown[] = [];
  const answering = async (listener: RequestListener) => {
    const port = await listen(createServer(listener));
    return readCors({ url: `http://127.0.0.1:${port}/base`, path: '/api/v1/stats', origin, timeoutMs });
  };

  it.each([
    ['the origin itself', 200, { 'access-control-allow-origin': origin }, true],
    ['any origin', 204, { 'access-control-allow-origin': '*' }, true],
    ['another origin', 200, { 'access-control-allow-origin': 'https://other.example' }, false],
    ['no header', 200, {}, false],
    [
      'the header with a refusal (Starlette answers 400)',
      400,
      { 'access-control-allow-origin': origin },
      false,
    ],
  ] as const)('%s', async (_, status, headers, allowed) => {
    const answer = await answering(({ method, url, headers: sent }, response) => {
      asked.push([method, url, sent.origin, sent['access-control-request-method']]);
      response.writeHead(status, headers).end();
    });
    expect(answer).toMatchObject({ status, allowed });
    expect(asked.at(-1)).toEqual(['OPTIONS', '/base/api/v1/stats', origin, 'GET']);
  });

  it('a server that switches to another protocol → unavailable', async () => {
    const switching = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
    const url = `http://127.0.0.1:${await listen(switching)}`;
    await expect(readCors({ url, path: '/', origin, timeoutMs })).rejects.toThrow(UnavailableError);
  });
});
