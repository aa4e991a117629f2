import { createTransport, type Transport } from 'viem';
import { sleep } from '../runbook/sleep.ts';
import type { RpcFailureKind } from './rpcErrorKind.ts';
import { NoNodeAnswered, rpcFailure } from './rpcFailure.ts';
import { lagBlocks, type RpcNode } from './rpcNode.ts';

/** A node that did not answer is asked last for this long, so that one dead node costs its time limit once. */
const restMs = 30_000;
/** How long the comparison of heads holds, and how long it waits once one node has answered, in milliseconds. */
const headsHoldMs = 15_000;
const headsWaitMs = 1_000;

/** A failure of the node, which another node may not share. */
const nodeFailures: readonly RpcFailureKind[] = [
  'timeout',
  'unreachable',
  'cut',
  'tls',
  'rate-limited',
  'denied',
  'http',
  'nonsense',
  'pruned',
  'unsupported',
  'failed',
];
/** Failures that say that the node as such is in trouble, not just with this request. */
const tiring: readonly RpcFailureKind[] = nodeFailures.filter(
  (kind) => kind !== 'pruned' && kind !== 'unsupported' && kind !== 'failed',
);
/** Limits and refusals of one provider: another may answer. Where none does, they are the answer. */
const refusals: readonly RpcFailureKind[] = ['too-wide', 'too-much', 'rejected'];

/**
 * A viem transport over several nodes, in order of preference, those that lag behind last. viem's own
 * `fallback` asks a hanging node first each time, and its retries repeat time limits; this one remembers
 * which did not answer, and waits for the end of passing trouble only where no other node helps.
 */
export function failover(nodes: readonly RpcNode[], signal: AbortSignal | undefined): Transport {
  const restUntil = new Map<RpcNode, number>();
  const rests = (node: RpcNode) => (restUntil.get(node) ?? 0) > performance.now();
  const lags = compareHeads(nodes);

  async function round(
    call: { method: string; params?: unknown },
    last: ReadonlySet<RpcNode>,
    patient: boolean,
  ): Promise<{ result: unknown } | { failures: NoNodeAnswered['failures']; refusal: unknown }> {
    const failures: { url: string; error: unknown }[] = [];
    let refusal: unknown;
    const rank = (node: RpcNode) => (rests(node) ? 2 : 0) + (last.has(node) ? 1 : 0);
    // Sorting keeps the order of preference among equals.
    for (const node of nodes.toSorted((a, b) => rank(a) - rank(b))) {
      try {
        const result = await node.request(call.method, call.params, { patient });
        restUntil.delete(node);
        return { result };
      } catch (error) {
        signal?.throwIfAborted();
        const { kind } = rpcFailure(error);
        const mayDiffer = refusals.includes(kind) && !call.method.startsWith('eth_sendRaw');
        if (mayDiffer) refusal ??= error;
        else if (!nodeFailures.includes(kind)) throw error;
        if (tiring.includes(kind)) restUntil.set(node, performance.now() + restMs);
        failures.push({ url: node.url, error });
      }
    }
    return { failures, refusal };
  }

  async function request(call: { method: string; params?: unknown }): Promise<unknown> {
    const last = await lags();
    // With one node there is no other to ask first.
    const alone = nodes.length === 1;
    const first = await round(call, last, alone);
    if ('result' in first) return first.result;
    if (first.refusal !== undefined) throw first.refusal;
    const mayPass = first.failures.some(({ error }) => passing.includes(rpcFailure(error).kind));
    if (alone || !mayPass) throw new NoNodeAnswered(first.failures);
    const second = await round(call, last, true);
    if ('result' in second) return second.result;
    throw second.refusal ?? new NoNodeAnswered(second.failures);
  }

  return () =>
    createTransport(
      { key: 'failover', name: 'Failover', type: 'failover', retryCount: 0, request: request as never },
      { nodes, signal },
    );
}

/** What may be over in a moment. */
export const passing: readonly RpcFailureKind[] = ['rate-limited', 'cut', 'http', 'failed'];

/**
 * Which nodes to ask last: those behind the foremost of their chain, and those that did not answer. Asked
 * before the first call, and again beside the calls once that is some time ago. A node that answers
 * without reporting its head keeps its place.
 */
function compareHeads(nodes: readonly RpcNode[]): () => Promise<ReadonlySet<RpcNode>> {
  const none: ReadonlySet<RpcNode> = new Set();
  if (nodes.length === 1) return () => Promise.resolve(none);
  let latest: Promise<ReadonlySet<RpcNode>> | undefined;
  let askedAt = 0;

  async function ask(): Promise<ReadonlySet<RpcNode>> {
    const silent = new Set(nodes);
    const heads = new Map<RpcNode, { readonly id: unknown; readonly head: number }>();
    const asked = nodes.map(async (node) => {
      try {
        const [id, head] = await Promise.all([
          node.request('eth_chainId', []),
          node.request('eth_blockNumber', []),
        ]);
        silent.delete(node);
        const number = typeof head === 'string' ? Number(head) : Number.NaN;
        if (Number.isSafeInteger(number)) heads.set(node, { id, head: number });
      } catch (error) {
        if (!tiring.includes(rpcFailure(error).kind)) silent.delete(node);
        throw error;
      }
    });
    const all = Promise.allSettled(asked);
    const enough = new AbortController();
    const limit = Promise.any(asked).then(
      () => sleep(headsWaitMs, enough.signal),
      () => {},
    );
    await Promise.race([all, limit]);
    limit.catch(() => {});
    enough.abort();
    const behind = [...heads].filter(([, one]) =>
      [...heads.values()].some((other) => other.id === one.id && other.head - one.head >= lagBlocks),
    );
    return new Set([...behind.map(([node]) => node), ...silent]);
  }

  return async () => {
    if (latest === undefined || performance.now() - askedAt > headsHoldMs) {
      askedAt = performance.now();
      const [before, next] = [latest, ask()];
      latest = next;
      next.catch(() => {});
      if (before !== undefined) return before;
    }
    return latest;
  };
}
