import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TimeoutError, TvError, type TvErrorOptions, UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { firstWords, looksLikeHtml } from '../text/firstWords.ts';
import { signalOf } from './connectChain.ts';
import type { RpcFailureKind } from './rpcErrorKind.ts';
import { NoNodeAnswered, type RpcFailure, rpcFailure } from './rpcFailure.ts';

const checkServerSettings: Advice = {
  when: 'see which RPC URLs are set, and from where',
  tv: ['config', 'show'],
};

/**
 * Any error of a call to the chain, as an error for an operator: what came back, from which node,
 * and what to do. Hands through what is for an operator already, the reason of an abort, and what
 * does not come from a node (a bug).
 */
export function describeRpcError(error: unknown, chain: Chain): Error {
  const signal = signalOf(chain);
  if (signal?.aborted && signal.reason instanceof Error) return signal.reason;
  const operators = findCause(error, (cause) => cause instanceof TvError);
  if (operators instanceof TvError) return operators;
  const failure = rpcFailure(error);
  if (failure.kind === 'unknown') return error instanceof Error ? error : new Error(String(error));
  const options = { facts: factsOf(failure, error, chain), next: nextOf(failure), cause: error };
  return failure.kind === 'timeout'
    ? new TimeoutError('chain.node-timeout', sentenceOf(failure), options)
    : isAnswer(failure)
      ? new TvError(codes[failure.kind], sentenceOf(failure), options)
      : new UnavailableError(codes[failure.kind], sentenceOf(failure), options);
}

/** Awaits a call to the chain and turns its failure into an operator's error. */
export async function described<T>(chain: Chain, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw describeRpcError(error, chain);
  }
}

/** The node is there and has judged the request itself. */
function isAnswer({ kind }: RpcFailure): boolean {
  return (
    kind === 'reverted' ||
    kind === 'rejected' ||
    kind === 'too-wide' ||
    kind === 'too-much' ||
    kind === 'oversized'
  );
}

const codes: Readonly<Record<Exclude<RpcFailureKind, 'unknown'>, ErrorCode>> = {
  timeout: 'chain.node-timeout',
  unreachable: 'chain.node-unreachable',
  cut: 'chain.node-unreachable',
  tls: 'chain.node-untrusted',
  'rate-limited': 'chain.rate-limited',
  denied: 'chain.access-denied',
  http: 'chain.node-failed',
  nonsense: 'chain.malformed-answer',
  pruned: 'chain.history-pruned',
  'too-wide': 'chain.too-much-asked',
  'too-much': 'chain.too-much-asked',
  oversized: 'chain.too-much-asked',
  unsupported: 'chain.call-unsupported',
  reverted: 'chain.call-reverted',
  failed: 'chain.node-failed',
  rejected: 'chain.request-rejected',
};

function sentenceOf(failure: RpcFailure): string {
  switch (failure.kind) {
    case 'timeout':
      return 'The RPC node did not answer in time.';
    case 'unreachable':
      return `The RPC node cannot be reached: ${failure.message}.`;
    case 'cut':
      return `The RPC node closed the connection: ${failure.message}.`;
    case 'tls':
      return `The RPC node cannot be trusted: ${failure.message}.`;
    case 'rate-limited':
      return 'The RPC node refuses more requests for now: a rate limit.';
    case 'denied':
      return 'The RPC node refuses access.';
    case 'http':
      return `The RPC node answered HTTP ${failure.status}.`;
    case 'nonsense':
      return looksLikeHtml(failure.message)
        ? 'The RPC URL answered with a web page instead of JSON-RPC.'
        : 'The RPC URL answered with something that is not JSON-RPC.';
    case 'pruned':
      return 'The RPC node does not have the blocks or logs that were asked for.';
    case 'too-wide':
      return 'The RPC node refuses a range of this many blocks.';
    case 'too-much':
      return 'The RPC node refuses an answer of this size.';
    case 'oversized':
      return 'The answer of the RPC node is larger than tv reads.';
    case 'failed':
      return 'The RPC node reported an error of its own.';
    case 'unsupported':
      return 'The RPC node does not offer the call that this needs.';
    case 'reverted':
      return 'The contract refused the call.';
    default:
      return 'The RPC node rejected the request.';
  }
}

function nextOf(failure: RpcFailure): readonly Advice[] {
  switch (failure.kind) {
    case 'rate-limited':
      return [
        failure.retryAfterMs === undefined
          ? 'wait a minute and run the command again, or add a second RPC URL'
          : `wait ${seconds(failure.retryAfterMs)} and run the command again, or add a second RPC URL`,
      ];
    case 'denied':
      return ['check the key or password in the RPC URL', checkServerSettings];
    case 'pruned':
      return ['use an RPC node with the full history (an archive node), or ask for later blocks'];
    case 'reverted':
    case 'rejected':
    case 'too-much':
    case 'too-wide':
    case 'oversized':
      return [];
    case 'failed':
      return ['run the command again', checkServerSettings];
    default:
      return [checkServerSettings];
  }
}

function factsOf(failure: RpcFailure, error: unknown, chain: Chain): NonNullable<TvErrorOptions['facts']> {
  const all = findCause(error, (cause) => cause instanceof NoNodeAnswered);
  const others = all instanceof NoNodeAnswered && all.failures.length > 1 ? all.failures : [];
  return {
    node: failure.url ?? chain.urls[0],
    status: failure.status === undefined ? undefined : `HTTP ${failure.status}`,
    answer: saysNothing(failure) ? undefined : firstWords(failure.message, 160),
    code: failure.code,
    'asks to wait': failure.retryAfterMs === undefined ? undefined : seconds(failure.retryAfterMs),
    ...Object.fromEntries(
      others
        .map(({ url, error: one }) => ({ url, one: rpcFailure(one) }))
        .filter(({ url }) => url !== failure.url)
        .map(({ url, one }) => [url, `${one.kind}: ${firstWords(one.message)}`]),
    ),
  };
}

/** The sentence has said it already. */
function saysNothing({ kind, message }: RpcFailure): boolean {
  return ['timeout', 'unreachable', 'cut', 'tls'].includes(kind) || message.trim() === '';
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}

function findCause(error: unknown, matches: (cause: Error) => boolean): Error | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (matches(at)) return at;
  return undefined;
}
