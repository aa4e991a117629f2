import { createClient, type PublicRpcSchema, rpcSchema } from 'viem';
import type { Settings } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { failover } from './failover.ts';
import { type RpcNode, rpcNode } from './rpcNode.ts';

export interface ConnectChainParameters {
  /** In order of preference. May hold credentials: none of them shows in `urls` or in an error. */
  readonly rpcUrls: readonly string[];
  readonly id: number | undefined;
  /** Limit of one call to one node, in milliseconds. */
  readonly timeoutMs: number;
  readonly contracts: Settings['contracts'];
  /** Aborts every pending call. */
  readonly signal?: AbortSignal;
}

/**
 * One chain over all its RPC URLs: calls made in one turn go out as one JSON-RPC batch; a node that
 * fails is passed over. Nothing is asked yet.
 * @throws TvError where there is no URL, or one that is not http or https
 */
export function connectChain(parameters: ConnectChainParameters): Chain {
  const { rpcUrls, id, timeoutMs, contracts, signal } = parameters;
  if (rpcUrls.length === 0) {
    throw new TvError('config.setting-missing', 'No RPC URL is set.', {
      next: [{ when: 'set RPC_URL in the .env, or', tv: ['config', 'init'] }],
    });
  }
  for (const [index, url] of rpcUrls.entries()) {
    // The URL itself may hold a key, and cannot be masked where it does not parse.
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new TvError(
        'config.invalid',
        `RPC URL ${index + 1} of ${rpcUrls.length} is not an http or https URL.`,
        {
          next: [{ tv: ['config', 'show'] }],
        },
      );
    }
  }
  const nodes = rpcUrls.map((url) => rpcNode(url, { timeoutMs, signal }));
  return overNodes(nodes, { expectedId: id, contracts, signal });
}

function overNodes(
  nodes: readonly RpcNode[],
  rest: Pick<Chain, 'expectedId' | 'contracts'> & { readonly signal: AbortSignal | undefined },
): Chain {
  const { signal, expectedId, contracts } = rest;
  return {
    // Not a public client: that brings every action of viem, and tv makes its requests itself.
    client: createClient({
      transport: failover(nodes, signal),
      rpcSchema: rpcSchema<PublicRpcSchema>(),
      // A head from the cache is a wrong head where progress is judged by it.
      cacheTime: 0,
      pollingInterval: 1_000,
    }),
    expectedId,
    urls: nodes.map((node) => node.url),
    contracts,
  };
}

/** The same chain over some of its nodes. @param nodes not empty, of `nodesOf(chain)` */
export function withNodes(chain: Chain, nodes: readonly RpcNode[]): Chain {
  const { expectedId, contracts } = chain;
  return overNodes(nodes, { expectedId, contracts, signal: signalOf(chain) });
}

/** The nodes behind a chain, each to be asked by itself. */
export function nodesOf(chain: Chain): readonly RpcNode[] {
  return chain.client.transport['nodes'] as readonly RpcNode[];
}

/** What ends the calls of this chain. */
export function signalOf(chain: Chain): AbortSignal | undefined {
  return chain.client.transport['signal'] as AbortSignal | undefined;
}
