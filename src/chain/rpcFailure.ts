import { connectionFailure } from '../errors/connectionFailure.ts';
import { NonsenseAnswer } from './rpcNode.ts';

export type RpcFailureKind =
  | 'timeout'
  | 'unreachable'
  /** The connection ended before the answer did. */
  | 'cut'
  | 'tls'
  | 'rate-limited'
  | 'denied'
  /** Another HTTP status than success. */
  | 'http'
  | 'nonsense'
  /** The node does not have the block, its logs or its state: pruned, or not there yet. */
  | 'pruned'
  /** More blocks in one request than the node allows. */
  | 'too-wide'
  /** More in one answer than the node, or viem, allows. */
  | 'too-much'
  | 'unsupported'
  | 'reverted'
  /** Any other JSON-RPC error. */
  | 'rejected'
  /** Not from a node at all. */
  | 'unknown';

export interface RpcFailure {
  readonly kind: RpcFailureKind;
  /** What the node, or the connection, said. */
  readonly message: string;
  /** Masked. */
  readonly url: string | undefined;
  readonly status: number | undefined;
  /** The JSON-RPC error code. */
  readonly code: number | undefined;
  /** How long the node asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Every node was asked, and none could answer. */
export class NoNodeAnswered extends Error {
  override readonly name = 'NoNodeAnswered';
  readonly failures: readonly { readonly url: string; readonly error: unknown }[];

  constructor(failures: NoNodeAnswered['failures']) {
    super('no RPC node answered', { cause: failures[0]?.error });
    this.failures = failures;
  }
}

/*
 * Words of nodes and providers. History: geth "missing trie node", "pruned history unavailable"
 * (code 4444, EIP-4444), "required historical state unavailable"; erigon "data before txNum=… is
 * not available", "block not found N", "old data not available due to pruning"; reth "state at
 * block #N is pruned", "distance to target block exceeds maximum proof window"; nethermind "neither
 * stored nor reproducible"; providers "requires archive access".
 */
const prunedWords =
  /missing trie node|pruned|due to pruning|before txnum=\d+ is not available|historical state|neither stored nor reproducible|proof window|\barchive\b|header (for hash )?not found|unknown block|block not found|no state available|blockoutofrange/i;
/*
 * Block ranges: reth "query exceeds max block range 100000", QuickNode "limited to a 10,000 range",
 * BlockPI "limited to 1024 block range", drpc "ranges over 10000 blocks", Avalanche "requested too
 * many blocks", Coinbase "at most 1000 blocks", Chainstack "block range limit exceeded".
 */
const tooWideWords =
  /max(imum)? (block )?range|range (limit|(is )?too (large|wide|big))|limited to .*(range|blocks)|ranges over|too many blocks|at most [\d,]+ blocks|up to an? \S+ block range|range greater than|exceeds? (the|max|maximum)? ?.*\brange\b|number of requested blocks/i;
/*
 * Sizes: Infura "query returned more than 10000 results", Alchemy "log response size exceeded",
 * reth "query exceeds max results", "response is too big"; time: "query timeout exceeded".
 */
const tooMuchWords =
  /returned more than|max(imum)? results|too many (results|logs)|response (size|is too|too)|too (large|big) .*response|length limit|query timeout|execution timed? ?out|took too long/i;
const rateWords =
  /rate.?limit|too many requests|request limit|requests per|throttl|capacity exceeded|compute units|quota|request count/i;

/** Classifies what a request to a node ended with. The one place that knows the words of nodes. */
export function rpcFailure(error: unknown): RpcFailure {
  const layers = causes(error);
  const all = layers.find((layer) => layer instanceof NoNodeAnswered);
  if (all !== undefined) return mostTelling(all.failures.map((failure) => rpcFailure(failure.error)));

  const status = numberIn(layers, 'status');
  const code = layers
    .map((layer) => numberIn([layer], 'code'))
    // viem marks errors of its own with -1.
    .find((value) => value !== undefined && value !== -1);
  const nonsense = layers.find((layer) => layer instanceof NonsenseAnswer);
  const connection = connectionFailure(error);
  const message = saidBy(layers);

  const about = (kind: RpcFailureKind, words = message): RpcFailure => ({
    kind,
    message: words,
    url: textIn(layers, 'url'),
    status: nonsense?.status ?? status,
    code,
    retryAfterMs: retryAfter(layers),
  });

  if (layers.some((layer) => layer.name === 'TimeoutError')) return about('timeout', 'no answer in time');
  if (nonsense !== undefined) return about('nonsense', nonsense.body);
  if (layers.some((layer) => layer.name === 'ResponseBodyTooLargeError')) return about('too-much');
  if (connection !== undefined) {
    if (connection.kind === 'tls' || connection.kind === 'cut')
      return about(connection.kind, connection.words);
    return about('unreachable', connection.words);
  }
  if (code !== undefined) return about(kindOfRpcError(code, message, status, layers));
  if (status !== undefined) return about(kindOfStatus(status));
  if (layers.some((layer) => layer.name === 'HttpRequestError')) {
    return about(layers.some((layer) => layer.message === 'fetch failed') ? 'unreachable' : 'nonsense');
  }
  return about('unknown');
}

function kindOfRpcError(
  code: number,
  message: string,
  status: number | undefined,
  layers: readonly Error[],
): RpcFailureKind {
  const hasData = layers.some((layer) => 'data' in layer && /^0x/.test(String(layer.data)));
  if (code === 3 || hasData || /revert/i.test(message)) return 'reverted';
  if (code === 4444) return 'pruned';
  // "beyond current head block" is about blocks to come, not about the size of the range.
  if (/beyond (current )?head|invalid block range/i.test(message)) return 'rejected';
  if (tooWideWords.test(message)) return 'too-wide';
  if (tooMuchWords.test(message)) return 'too-much';
  if (code === 429 || code === -32007 || rateWords.test(message)) return 'rate-limited';
  if (prunedWords.test(message)) return 'pruned';
  if (code === -32005) return 'too-much';
  if (code === -32601 || code === -32004) return 'unsupported';
  return status === undefined ? 'rejected' : kindOfStatus(status);
}

function kindOfStatus(status: number): RpcFailureKind {
  if (status === 429) return 'rate-limited';
  if (status === 401 || status === 403 || status === 407) return 'denied';
  if (status === 413) return 'too-much';
  if (status === 408 || status === 504) return 'timeout';
  return 'http';
}

/** Of several nodes' failures the one that says most: a node that answered tells more than one that did not. */
function mostTelling(failures: readonly RpcFailure[]): RpcFailure {
  const silent: readonly RpcFailureKind[] = [
    'timeout',
    'unreachable',
    'cut',
    'tls',
    'http',
    'nonsense',
    'denied',
  ];
  const told =
    failures.find(({ kind }) => kind === 'pruned') ?? failures.find(({ kind }) => !silent.includes(kind));
  const chosen = told ?? failures[0];
  if (chosen === undefined) throw new Error('NoNodeAnswered without a failure');
  return chosen;
}

function causes(error: unknown): readonly Error[] {
  const found: Error[] = [];
  for (let at: unknown = error; typeof at === 'object' && at !== null && found.length < 20; ) {
    // A JSON-RPC error object hangs as plain data under viem's RpcRequestError.
    const layer = at instanceof Error ? at : Object.assign(new Error(), at);
    found.push(layer);
    at = layer.cause;
  }
  return found;
}

function saidBy(layers: readonly Error[]): string {
  const details = layers.map((layer) => ('details' in layer ? layer.details : undefined));
  const said = details.find((text) => typeof text === 'string' && text !== '');
  return typeof said === 'string' ? said : (layers.at(-1)?.message ?? '');
}

function numberIn(layers: readonly Error[], key: 'status' | 'code'): number | undefined {
  for (const layer of layers) {
    const value: unknown = Reflect.get(layer, key);
    // A DOMException's `code` is a number of the DOM's own.
    if (typeof value === 'number' && !(layer instanceof DOMException)) return value;
  }
  return undefined;
}

function textIn(layers: readonly Error[], key: 'url'): string | undefined {
  for (const layer of layers) {
    const value: unknown = Reflect.get(layer, key);
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(layers: readonly Error[]): number | undefined {
  for (const layer of layers) {
    const headers: unknown = Reflect.get(layer, 'headers');
    if (!(headers instanceof Headers)) continue;
    const value = headers.get('retry-after');
    if (value === null) continue;
    const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  return undefined;
}
