import { Agent, request } from 'node:http';

export interface UpstreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** Posts bodies to one node over connections that stay open. */
export function upstream(url: string): (body: Buffer) => Promise<UpstreamAnswer> {
  const agent = new Agent({ keepAlive: true });
  const post = (body: Buffer, again: boolean): Promise<UpstreamAnswer> =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      });
      outgoing.on('error', (error) => {
        // The node may close an idle connection at the moment in which it is used again.
        if (again && outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET') {
          post(body, false).then(resolve, reject);
        } else {
          reject(error);
        }
      });
      outgoing.on('response', (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 502,
            type: incoming.headers['content-type'] ?? 'application/json',
            body: Buffer.concat(parts),
          }),
        );
      });
      outgoing.end(body);
    });
  return (body) => post(body, true);
}
