import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** One JSON-RPC call. @throws Error on any answer but a result */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface RpcOptions {
  /** Limit of one call in milliseconds; default 10 000, as web3.py's. */
  readonly timeoutMs?: number;
  readonly stop?: AbortSignal;
}

/** A JSON-RPC client that keeps its connection open: node:http answers twice as fast as fetch on loopback. */
export function rpcClient(url: string, { timeoutMs = 10_000, stop }: RpcOptions = {}): Rpc {
  const secure = url.startsWith('https:');
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const send = secure ? httpsRequest : httpRequest;

  const call = (method: string, params: readonly unknown[], again: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
      const request = send(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
        ...(stop === undefined ? {} : { signal: stop }),
      });
      const limit = setTimeout(
        () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      request.on('close', () => clearTimeout(limit));
      request.on('error', (error) => {
        // A server may close an idle connection at the moment in which it is used again.
        if (again && request.reusedSocket && 'code' in error && error.code === 'ECONNRESET') {
          call(method, params, false).then(resolve, reject);
        } else {
          reject(error);
        }
      });
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve(resultOf(response.statusCode ?? 0, Buffer.concat(parts).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.end(body);
    });
  return (method, params) => call(method, params, true);
}

function resultOf(status: number, text: string): unknown {
  if (status !== 200) throw new Error(`HTTP ${status} from the RPC node`);
  let answer: { result?: unknown; error?: { message?: string } };
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error('the RPC node did not answer with JSON');
  }
  if (answer.error !== undefined)
    throw new Error(answer.error.message ?? 'the RPC node answered with an error');
  if (!('result' in answer)) throw new Error('the RPC node answered without a result');
  return answer.result;
}
