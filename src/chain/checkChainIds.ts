import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { watchAttempts } from '../errors/attempts.ts';
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
 * @param limitMs in milliseconds: a node that takes longer counts as failed, with what its attempts fail with, or
 * as silent (`chain.node-timeout`) where they have not failed yet.
 * @throws only what ends the command: the reason of an abort, a bug
 */
export async function checkChainIds(
  chain: Chain,
  { limitMs }: { readonly limitMs?: number } = {},
): Promise<readonly NodeAnswer[]> {
  const start = performance.now();
  const asked = nodesOf(chain).map((node) => ({ node, ...watchAttempts(() => ask(node, chain)) }));
  const all = Promise.all(asked.map(({ done }) => done));
  const answers = limitMs === undefined ? await all : await Promise.race([all, soFar()]);
  return answers.map((answer) => {
    const heads = answers.filter(({ id }) => id === answer.id).map(({ head }) => head ?? 0);
    return {
      ...answer,
      behind: answer.head === undefined ? undefined : Math.max(...heads) - answer.head,
    };
  });

  async function soFar(): Promise<readonly Answered[]> {
    const known = new Map<RpcNode, Answered>();
    for (const { node, done } of asked) {
      done.then(
        (answer) => known.set(node, answer),
        () => {},
      );
    }
    // A process whose nodes have answered must not stay for it.
    await sleep(limitMs, undefined, { ref: false });
    // On a busy machine the answer may be here and not read yet.
    for (let turn = 0; turn < 2; turn++) await setImmediate();
    return asked.map(
      ({ node, failure }) =>
        known.get(node) ??
        failed(node, chain, failure() ?? new DOMException('no answer', 'TimeoutError'), start),
    );
  }
}

type Answered = Omit<NodeAnswer, 'behind'>;

async function ask(node: RpcNode, chain: Chain): Promise<Answered> {
  const start = performance.now();
  try {
    const [id, head] = await Promise.all([
      node.request('eth_chainId', [], { patient: true }),
      node.request('eth_blockNumber', [], { patient: true }),
    ]);
    return {
      url: node.url,
      id: parseQuantity(id, 'chain id'),
      head: parseQuantity(head, 'block number'),
      durationMs: sinceMs(start),
      error: undefined,
    };
  } catch (error) {
    return failed(node, chain, error, start);
  }
}

/** @throws what is not for an operator: a bug */
function failed(node: RpcNode, chain: Chain, error: unknown, start: number): Answered {
  const described = describeRpcError(error, chain);
  if (!(described instanceof TvError)) throw described;
  return { url: node.url, id: undefined, head: undefined, durationMs: sinceMs(start), error: described };
}

function sinceMs(start: number): number {
  return Math.round(performance.now() - start);
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
