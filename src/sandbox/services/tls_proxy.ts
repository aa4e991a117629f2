import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import { numberFrom } from './lib/environment.ts';
import { expiredCertificate } from './lib/expiredCertificate.ts';
import { live } from './lib/lifetime.ts';
import { log } from './lib/log.ts';

/** The reverse proxy in front of the API, with a certificate that has expired. */
await live('reverse proxy', async (stop) => {
  const port = numberFrom('PROXY_PORT');
  const apiPort = numberFrom('API_PORT');
  const server = createServer(expiredCertificate('127.0.0.1'), (request, response) => {
    const { method, url: path, headers } = request;
    const passed = forward({ host: '127.0.0.1', port: apiPort, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.writeHead(502).end());
    request.pipe(passed);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.on('close', resolve);
    server.listen(port, '127.0.0.1', () => log('INFO', `Listening on https://127.0.0.1:${port}`));
    stop.addEventListener('abort', () => {
      server.close();
      server.closeAllConnections();
    });
  });
});
