import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Faults, faultsReader, findFault } from './faults.ts';
import { numberFrom, required } from './lib/environment.ts';
import { type Answer, answerAfterwards, answerInstead, type Call } from './lib/faultyAnswer.ts';
import { bodyOf, serve } from './lib/httpServer.ts';
import { live, pause } from './lib/lifetime.ts';
import { log, wordsOf } from './lib/log.ts';
import { upstream } from './lib/upstream.ts';

await live('rpc proxy', async (stop) => {
  const port = numberFrom('RPC_PROXY_PORT');
  const target = required('RPC_UPSTREAM');
  const post = upstream(target);
  const readFaults = faultsReader(process.env['FAULTS_FILE']);
  const counts = { requests: 0, calls: {} as Record<string, number> };

  log('INFO', `Starting RPC proxy for ${target}`);
  await serve(
    port,
    (request, response) => {
      handle(request, response).catch((error) => {
        log('ERROR', `Error passing a request on: ${wordsOf(error)}`);
        if (response.headersSent) response.destroy();
        else send(response, 502, 'text/plain', 'the node is away\n');
      });
    },
    stop,
  );

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/_counts') {
      return send(response, 200, 'application/json', JSON.stringify(counts));
    }
    const body = await bodyOf(request);
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    const calls = (Array.isArray(parsed) ? parsed : [parsed]) as readonly Call[];
    counts.requests += 1;
    for (const { method = '' } of calls) counts.calls[method] = (counts.calls[method] ?? 0) + 1;

    const faults = readFaults();
    if (findFault(faults, 'stop') !== undefined) return void response.destroy();
    const slow = findFault(faults, 'slow');
    if (slow !== undefined) await pause(slow.ms / 1000, stop);
    if (findFault(faults, 'hang') !== undefined) return;
    if (findFault(faults, 'rate-limit') !== undefined) {
      response.setHeader('retry-after', '1');
      return send(response, 429, 'text/plain', 'Too Many Requests\n');
    }
    if (findFault(faults, 'html') !== undefined) {
      const page = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body></body></html>\n';
      return send(response, 200, 'text/html', page);
    }
    if (faults.length === 0) {
      const answer = await post(body);
      return send(response, answer.status, answer.type, answer.body);
    }
    const answers = await Promise.all(calls.map((call) => answerOne(faults, call)));
    if (answers.includes('cut')) return void response.destroy();
    const enveloped = answers.map((answer, index) => ({
      jsonrpc: '2.0',
      id: calls[index]?.id ?? null,
      ...(answer as Answer),
    }));
    send(response, 200, 'application/json', JSON.stringify(Array.isArray(parsed) ? enveloped : enveloped[0]));
  }

  async function answerOne(faults: Faults, call: Call): Promise<Answer | 'cut'> {
    const instead = answerInstead(faults, call);
    if (instead !== undefined) return instead;
    const { body } = await post(Buffer.from(JSON.stringify(call)));
    const { jsonrpc: _, id: __, ...answer } = JSON.parse(body.toString('utf8'));
    return answerAfterwards(faults, call, answer as Answer);
  }
});

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
