import type { ServerResponse } from 'node:http';
import { httpServer } from './rpcServer.ts';

/** A way to the node for one tv alone: the indexer's own stays as it is. */
export interface NodeGate extends AsyncDisposable {
  readonly url: string;
  /**
   * From now on keeps requests without an answer. Resolves once one is kept.
   * @param what `all`, or only requests for the logs of several blocks, as a comparison makes them
   * @param passing how many of those go through before
   */
  hold(what: 'all' | 'ranges', passing?: number): Promise<void>;
  /** Cuts what is kept, and every request from now on. */
  cut(): void;
  /** Says, to what is kept and from now on, that the history is gone: nothing that trying again would help. */
  lose(): void;
}

interface Call {
  readonly id?: number;
  readonly method?: string;
  readonly params?: readonly { readonly fromBlock?: string; readonly toBlock?: string }[];
}

export async function nodeGate(nodeUrl: string): Promise<NodeGate> {
  /** With the request that each of them answers. */
  const kept = new Map<ServerResponse, string>();
  let decide: (calls: readonly Call[]) => 'pass' | 'keep' | 'cut' | 'lose' = () => 'pass';
  const server = await httpServer(async (response, body) => {
    const parsed: unknown = JSON.parse(body);
    const decision = decide((Array.isArray(parsed) ? parsed : [parsed]) as readonly Call[]);
    if (decision === 'cut') return void response.destroy();
    if (decision === 'keep') return void kept.set(response, body);
    if (decision === 'lose') return refuse(response, body);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(nodeUrl, { method: 'POST', headers, body });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  return {
    url: server.url,
    hold: (what, passing = 0) =>
      new Promise((resolve) => {
        let left = passing;
        decide = (calls) => {
          if (what === 'ranges' && !calls.some(isRange)) return 'pass';
          if (left-- > 0) return 'pass';
          resolve();
          return 'keep';
        };
      }),
    cut: () => {
      decide = () => 'cut';
      for (const response of kept.keys()) response.destroy();
    },
    lose: () => {
      decide = () => 'lose';
      for (const [response, body] of kept) refuse(response, body);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** In the words of geth. */
function refuse(response: ServerResponse, body: string): void {
  const answer = ({ id }: Call) => ({
    jsonrpc: '2.0',
    id,
    error: { code: 4444, message: 'pruned history unavailable' },
  });
  const parsed = JSON.parse(body) as Call | readonly Call[];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify('map' in parsed ? parsed.map(answer) : answer(parsed)));
}

function isRange({ method, params }: Call): boolean {
  const [filter] = params ?? [];
  return method === 'eth_getLogs' && filter?.fromBlock !== filter?.toBlock;
}
