import type { IncomingMessage, RequestListener } from 'node:http';
import { http } from '../../../http/nodeHttp.ts';
import { log } from './log.ts';

/** Serves on 127.0.0.1 until `stop` fires; open connections are cut then. */
export async function serve(port: number, listener: RequestListener, stop: AbortSignal): Promise<void> {
  const server = http.createServer(listener);
  // Longer than any poll interval, so that clients' connections stay usable.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.on('close', resolve);
    server.listen(port, '127.0.0.1', () => log('INFO', `Listening on http://127.0.0.1:${port}`));
    stop.addEventListener('abort', () => {
      server.close();
      server.closeAllConnections();
    });
  });
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
