import { connectionFailure } from '../errors/connectionFailure.ts';
import { maskUrl } from '../text/maskUrl.ts';
import { outsideText } from '../text/outsideText.ts';
import { kindOfRpcError, kindOfStatus, type RpcFailureKind } from './rpcErrorKind.ts';
import { NonsenseAnswer, NotDelivered, OversizedAnswer, RangeRefused, retryAfterMs } from './rpcErrors.ts';

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

/** In characters. A node's words decide what kind of failure it is, so they are not cut short. */
const longestMessage = 4_000;

/** Every node was asked, and none could answer. */
export class NoNodeAnswered extends Error {
  override readonly name = 'NoNodeAnswered';
  readonly failures: readonly { readonly url: string; readonly error: unknown }[];

  constructor(failures: NoNodeAnswered['failures']) {
    super('no RPC node answered', { cause: failures[0]?.error });
    this.failures = failures;
  }
}

/** Classifies what a request to a node ended with. */
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
    url: urlIn(layers),
    status: nonsense?.status ?? status,
    code,
    retryAfterMs: layers.map(retryAfterMs).find((ms) => ms !== undefined),
  });
  const isA = (type: abstract new (...given: never[]) => Error) =>
    layers.some((layer) => layer instanceof type);

  if (layers.some((layer) => layer.name === 'TimeoutError')) return about('timeout', 'no answer in time');
  if (nonsense !== undefined) return about('nonsense', nonsense.body);
  if (isA(OversizedAnswer)) return about('oversized');
  if (isA(RangeRefused)) return about('too-wide');
  if (connection !== undefined) {
    if (connection.kind === 'tls' || connection.kind === 'cut')
      return about(connection.kind, connection.words);
    return about('unreachable', connection.words);
  }
  if (code !== undefined) {
    const data = layers
      .map((layer): unknown => Reflect.get(layer, 'data'))
      .find((value) => value !== undefined);
    return about(kindOfRpcError({ code, message, data, status }));
  }
  if (status !== undefined) return about(kindOfStatus(status));
  if (isA(NotDelivered)) return about('unreachable', layers.at(-1)?.message);
  return about('unknown');
}

/** Of several nodes' failures the one that says most: an answer says more than none. */
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
  const answered =
    failures.find(({ kind }) => kind === 'pruned') ?? failures.find(({ kind }) => !silent.includes(kind));
  const chosen = answered ?? failures[0];
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
  return outsideText(typeof said === 'string' ? said : (layers.at(-1)?.message ?? ''), longestMessage);
}

function numberIn(layers: readonly Error[], key: 'status' | 'code'): number | undefined {
  for (const layer of layers) {
    const value: unknown = Reflect.get(layer, key);
    // A DOMException's `code` is a number of the DOM's own.
    if (typeof value === 'number' && !(layer instanceof DOMException)) return value;
  }
  return undefined;
}

function urlIn(layers: readonly Error[]): string | undefined {
  for (const layer of layers) {
    const value: unknown = Reflect.get(layer, 'url');
    // viem adds a slash; the same node must not have two names.
    if (typeof value === 'string') return maskUrl(value);
  }
  return undefined;
}
