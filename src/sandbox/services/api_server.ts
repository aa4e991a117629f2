import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'pg';
import { rpcClient } from '../chain/rpc.ts';
import { answerApi } from './lib/apiRoutes.ts';
import { addressFrom, numberFrom, required } from './lib/environment.ts';
import { serve } from './lib/httpServer.ts';
import { live } from './lib/lifetime.ts';
import { log, wordsOf } from './lib/log.ts';

await live('api server', async (stop) => {
  const port = numberFrom('API_PORT', 8000);
  const origins = (process.env['ALLOWED_ORIGINS'] ?? '').split(',').map((origin) => origin.trim());
  const database = new Pool({
    connectionString: required('INDEXER_DB_URL'),
    max: 5,
    connectionTimeoutMillis: 3_000,
  });
  // An idle connection that breaks must not end the program: /ready reports it.
  database.on('error', (error) => log('WARNING', `Database connection lost: ${wordsOf(error)}`));
  const sources = {
    rpc: rpcClient(required('RPC_URL'), { timeoutMs: 3_000, stop }),
    database,
    chainId: numberFrom('CHAIN_ID'),
    riskController: addressFrom('RISK_CONTROLLER_ADDRESS'),
  };
  const answered = new Map<number, number>();

  log('INFO', 'Starting API server');
  await serve(
    port,
    (request, response) => {
      handle(request, response).catch((error) => {
        log('ERROR', `Error answering ${request.method} ${request.url}: ${wordsOf(error)}`);
        send(response, 500, 'application/json', JSON.stringify({ detail: 'Internal Server Error' }));
      });
    },
    stop,
  );

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    allowOrigin(request, response);
    if (request.method === 'OPTIONS') return send(response, 204, 'text/plain', '');
    if (request.method !== 'GET') {
      return send(response, 405, 'application/json', JSON.stringify({ detail: 'Method Not Allowed' }));
    }
    if (url.pathname === '/metrics') return send(response, 200, 'text/plain; version=0.0.4', metrics());
    const { status, body } = await answerApi(sources, url);
    send(response, status, 'application/json', JSON.stringify(body));
    log('INFO', `"GET ${url.pathname}" ${status}`);
  }

  function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'GET');
    response.setHeader('vary', 'Origin');
  }

  function metrics(): string {
    const lines = [...answered].map(
      ([status, count]) => `tempovault_http_requests_total{status="${status}"} ${count}`,
    );
    return ['# TYPE tempovault_http_requests_total counter', ...lines, ''].join('\n');
  }

  function send(response: ServerResponse, status: number, type: string, body: string): void {
    answered.set(status, (answered.get(status) ?? 0) + 1);
    response.writeHead(status, { 'content-type': type });
    response.end(body);
  }
});
