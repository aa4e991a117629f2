import { errorText, type RpcQuery, type RpcServer, resultText, serveRpc } from '../../http/serveRpc.ts';
import type { Chain } from '../../runbook/context.ts';
import { rpcFailure } from '../rpcFailure.ts';

/** What a fork asks for: state, blocks and what belongs to them. Nothing that sends, signs or changes. */
const reads = /^(eth_(chainId|blockNumber|gasPrice|feeHistory|get\w+)|net_version|web3_clientVersion)$/;
/** A batch of a fork has some kilobytes. In characters. */
const mostChars = 4 * 1024 * 1024;

/**
 * Passes reads on to the nodes of a chain, on loopback. A program that takes the URL of a node on its command line
 * gets this one: the node's own may hold an access key. Until it is closed, other users of this machine can read from
 * the chain through it.
 */
export function serveReads(chain: Chain): Promise<RpcServer> {
  return serveRpc({ mostChars, answer: (query) => read(chain, query) });
}

async function read(chain: Chain, { id, method, params }: RpcQuery): Promise<string> {
  if (!reads.test(method)) return errorText(id, -32601, 'only reads are passed on');
  try {
    const result: unknown = await chain.client.request({ method, params } as never);
    return resultText(id, JSON.stringify(result ?? null));
  } catch (error) {
    // The node's words may hold its URL.
    return errorText(id, -32603, `the node did not answer (${rpcFailure(error).kind})`);
  }
}
