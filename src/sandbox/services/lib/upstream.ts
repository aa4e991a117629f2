import { http, https } from '../../../http/nodeHttp.ts';

export interface UpstreamOptions {
  /** Limit of one request in milliseconds; default: none. */
  readonly timeoutMs?: number | undefined;
  readonly stop?: AbortSignal | undefined;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export type Upstream = (body: Buffer) => Promise<UpstreamAnswer>;

/**
 * Posts bodies to one node over connections that stay open: node:http answers twice as fast as fetch
 * on loopback.
 */
export function upstream(url: string, { timeoutMs, stop }: UpstreamOptions = {}): Upstream {
  const { Agent, request: send } = url.startsWith('https:') ? https : http;
  const agent = new Agent({ keepAlive: true });

  const post = (body: Buffer, again: boolean): Promise<UpstreamAnswer> =>
    new Promise((resolve, reject) => {
      const request = send(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
        ...(stop === undefined ? {} : { signal: stop }),
      });
      if (timeoutMs !== undefined) {
        const late = new Error(`no answer within ${timeoutMs / 1000} s`);
        const limit = setTimeout(() => request.destroy(late), timeoutMs);
        request.on('close', () => clearTimeout(limit));
      }
      request.on('error', (error) => {
        // The node may close an idle connection at the moment in which it is used again.
        if (again && request.reusedSocket && 'code' in error && error.code === 'ECONNRESET') {
          post(body, false).then(resolve, reject);
        } else {
          reject(error);
        }
      });
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 502,
            type: response.headers['content-type'] ?? 'application/json',
            body: Buffer.concat(parts),
          }),
        );
      });
      request.end(body);
    });
  return (body) => post(body, true);
}
