import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { count, duration } from '../text/format.ts';
import { nodesOf } from './connectChain.ts';
import { describeRpcError } from './describeRpcError.ts';
import { parseQuantity } from './parseAnswer.ts';
import { lagBlocks, type RpcNode } from './rpcNode.ts';

export interface NodeAnswer {
  /** Without credentials. */
  readonly url: string;
  readonly id: number | undefined;
  readonly head: number | undefined;
  /** Blocks behind the foremost of the nodes that are on the same chain. */
  readonly behind: number | undefined;
  readonly durationMs: number;
  /** Why it did not answer. */
  readonly error: TvError | undefined;
}

/**
 * Asks each RPC URL by itself for its chain and its head, all at once. Passing trouble is waited for.
 * @throws only what ends the command: the reason of an abort, a bug
 */
export async function checkChainIds(chain: Chain): Promise<readonly NodeAnswer[]> {
  const answers = await Promise.all(nodesOf(chain).map((node) => ask(node, chain)));
  return answers.map((answer) => {
    const heads = answers.filter(({ id }) => id === answer.id).map(({ head }) => head ?? 0);
    return {
      ...answer,
      behind: answer.head === undefined ? undefined : Math.max(...heads) - answer.head,
    };
  });
}

async function ask(node: RpcNode, chain: Chain): Promise<Omit<NodeAnswer, 'behind'>> {
  const start = performance.now();
  const durationMs = () => Math.round(performance.now() - start);
  try {
    const [id, head] = await Promise.all([
      node.request('eth_chainId', [], { patient: true }),
      node.request('eth_blockNumber', [], { patient: true }),
    ]);
    return {
      url: node.url,
      id: parseQuantity(id, 'chain id'),
      head: parseQuantity(head, 'block number'),
      durationMs: durationMs(),
      error: undefined,
    };
  } catch (error) {
    const told = describeRpcError(error, chain);
    if (!(told instanceof TvError)) throw told;
    return { url: node.url, id: undefined, head: undefined, durationMs: durationMs(), error: told };
  }
}

/** A node that takes longer for an answer makes whatever needs several of them late, in milliseconds. */
const slowMs = 2_000;

/** Nodes that do not answer, each as `URL does not answer`, those that lag, and those that are slow. */
export function nodeTroubles(nodes: readonly NodeAnswer[]): readonly string[] {
  const silent = nodes.filter(({ error }) => error !== undefined);
  return [
    ...silent.map(({ url }) => `${url} does not answer`),
    ...laggingNodes(nodes),
    ...slowNodes(nodes).map(({ words }) => words),
  ];
}

/** Nodes that answer slowly, each with `the RPC node takes 2.5 s per answer`. */
export function slowNodes(
  nodes: readonly NodeAnswer[],
): readonly { readonly url: string; readonly words: string }[] {
  return nodes
    .filter(({ error, durationMs }) => error === undefined && durationMs > slowMs)
    .map(({ url, durationMs }) => {
      const node = nodes.length === 1 ? 'the RPC node' : url;
      return { url, words: `${node} takes ${duration(durationMs)} per answer` };
    });
}

/** Nodes that lag behind another, each as `URL is 512 blocks behind`. */
export function laggingNodes(nodes: readonly NodeAnswer[]): readonly string[] {
  return nodes
    .filter(({ behind }) => behind !== undefined && behind >= lagBlocks)
    .map(({ url, behind = 0 }) => `${url} is ${count(behind)} blocks behind`);
}
