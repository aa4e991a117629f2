import { createTransport, type Transport } from 'viem';
import { pause } from './pause.ts';
import type { RpcFailureKind } from './rpcErrorKind.ts';
import { NoNodeAnswered, type RpcFailure, rpcFailure } from './rpcFailure.ts';
import type { RpcNode } from './rpcNode.ts';

/** A node that did not answer is asked last for this long, so that one dead node costs its time limit once. */
const restMs = 30_000;
/** Passing trouble (429, 502, a cut connection) is tried this many times more, if no other node helps. */
const retries = 2;
/** A node that asks for a longer wait than this is not waited for. */
const longestWaitMs = 5_000;
const firstWaitMs = 250;

/** A failure of the node, which another node may not share. Everything else is the answer. */
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
];
/** Failures that say that the node as such is in trouble, not just with this request. */
const tiring: readonly RpcFailureKind[] = nodeFailures.filter(
  (kind) => kind !== 'pruned' && kind !== 'unsupported',
);

/**
 * A viem transport over several nodes, in order of preference. viem's own `fallback` asks a hanging
 * node first each time, and its retries repeat time limits; this one remembers who did not answer,
 * and repeats only what may pass.
 */
export function failover(nodes: readonly RpcNode[], signal: AbortSignal | undefined): Transport {
  const restUntil = new Map<RpcNode, number>();
  const rests = (node: RpcNode) => (restUntil.get(node) ?? 0) > Date.now();

  async function round(method: string, params: unknown): Promise<{ result: unknown } | NoNodeAnswered> {
    const failures: { url: string; error: unknown }[] = [];
    const order = [...nodes.filter((node) => !rests(node)), ...nodes.filter(rests)];
    for (const node of order) {
      try {
        const result = await node.request(method, params);
        restUntil.delete(node);
        return { result };
      } catch (error) {
        signal?.throwIfAborted();
        const { kind } = rpcFailure(error);
        if (!nodeFailures.includes(kind)) throw error;
        if (tiring.includes(kind)) restUntil.set(node, Date.now() + restMs);
        failures.push({ url: node.url, error });
      }
    }
    return new NoNodeAnswered(failures);
  }

  async function request({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      const answer = await round(method, params);
      if (!(answer instanceof NoNodeAnswered)) return answer.result;
      const waits = answer.failures.map(({ error }) => waitFor(rpcFailure(error), attempt));
      const wait = Math.min(...waits.filter((ms) => ms !== undefined));
      if (attempt >= retries || wait > longestWaitMs) throw answer;
      await pause(wait, signal);
    }
  }

  return () =>
    createTransport(
      { key: 'failover', name: 'Failover', type: 'failover', retryCount: 0, request: request as never },
      { nodes, signal },
    );
}

/** How long to wait before the same node may do better, in milliseconds; undefined where waiting is no use. */
function waitFor(failure: RpcFailure, attempt: number): number | undefined {
  const passing =
    failure.kind === 'rate-limited' ||
    failure.kind === 'cut' ||
    (failure.kind === 'http' && (failure.status ?? 0) >= 500);
  return passing ? (failure.retryAfterMs ?? firstWaitMs * 2 ** attempt) : undefined;
}
