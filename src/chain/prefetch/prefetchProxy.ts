import { randomBytes } from 'node:crypto';
import type { Address } from '../../config/settings.ts';
import { errorText, type RpcQuery, resultText, serveRpc } from '../../http/serveRpc.ts';
import type { Chain } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { textOf } from '../parseAnswer.ts';
import type { RpcFailureKind } from '../rpcErrorKind.ts';
import { isObject } from '../rpcExchange.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { BlockWindow } from './blockWindow.ts';
import { lower, type StretchBlock } from './readStretch.ts';

export interface PrefetchProxyParameters {
  readonly addresses: readonly Address[];
  /** The first block that the indexer will ask for. */
  readonly fromBlock: number;
  /** The newest block that it gets to see at first, included; below `fromBlock` there is nothing to index. */
  readonly target: number;
  /** Blocks up to here are read at once, before they are shown. Default: as far as `target`. */
  readonly readAhead?: number;
}

/** A JSON-RPC server of tv's own on loopback, for one indexer that reads block by block. */
export interface PrefetchProxy extends AsyncDisposable {
  /** With a path that cannot be guessed: the nodes behind it may cost money. */
  readonly url: string;
  /** The newest block that the indexer gets to see from now on. */
  setTarget(target: number): void;
  /** What ended the reading for good: events would be lost, or blocks that were handed out are orphaned. */
  readonly failure: Error | undefined;
  /** Why nothing can be read at the moment, without a full stop; undefined while reading works. */
  readonly trouble: string | undefined;
  /** What is read ahead, in characters. */
  readonly chars: number;
}

/** Request bodies of an indexer are short; in characters. */
const mostBody = 2 ** 20;
/** Longer than any poll interval, so that the indexer's connections stay usable. In milliseconds. */
const keepAliveMs = 120_000;
/** Between two attempts of a call that is passed through, in milliseconds. */
const retryMs = 1_000;
/**
 * While there is nothing to index, a question for the newest block is held for this long: the indexer then begins
 * at once, and not only after its poll interval. Shorter than any client's limit. In milliseconds.
 */
const heldMs = 3_000;
/** Blocks of one `eth_getLogs` that are answered from memory; wider ones are passed through. */
const mostBlocks = 1_000;

/**
 * Answers an indexer's questions from blocks that were read ahead, many at a time, and passes on every other call.
 * No call fails because a node does: it waits until a node answers. An indexer that skips a block whose call
 * failed so skips none.
 * @throws the error of the operating system where loopback has no free port
 */
export async function openPrefetchProxy(
  chain: Chain,
  { addresses, fromBlock, target, readAhead = target }: PrefetchProxyParameters,
): Promise<PrefetchProxy> {
  const stop = new AbortController();
  const { signal } = stop;
  const window = new BlockWindow(chain, { addresses, fromBlock, target, readAhead, signal });
  const known = new Set(addresses.map(lower));
  const answerers = { chain, window, known, signal };
  const server = await serveRpc({
    ...{ path: `/${randomBytes(16).toString('hex')}`, mostChars: mostBody, keepAliveMs },
    answer: (query) => answerCall(answerers, query),
  });
  return {
    url: server.url,
    setTarget: (block) => window.setTarget(block),
    get failure() {
      return window.failure;
    },
    get trouble() {
      return window.trouble;
    },
    get chars() {
      return window.chars;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the proxy is closed'));
      await server[Symbol.asyncDispose]();
    },
  };
}

interface Answerers {
  readonly chain: Chain;
  readonly window: BlockWindow;
  /** Addresses whose logs are read ahead, in lower case. */
  readonly known: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

async function answerCall(answerers: Answerers, query: RpcQuery): Promise<string> {
  const { id, method, params } = query;
  const result = await fromMemory(answerers, method, Array.isArray(params) ? params : []);
  return result === undefined ? passThrough(answerers, query) : resultText(id, result);
}

/** The result in JSON; undefined where it has to be asked for. */
async function fromMemory(
  answerers: Answerers,
  method: string,
  params: readonly unknown[],
): Promise<string | undefined> {
  const { window } = answerers;
  if (method === 'eth_blockNumber') {
    await window.untilShown(heldMs);
    return JSON.stringify(`0x${window.target.toString(16)}`);
  }
  if (method === 'eth_getLogs') return logsFromMemory(answerers, params[0]);
  if (method === 'eth_getBlockByNumber' && params[1] !== true) {
    const number = blockOf(params[0], window.target);
    return number === undefined || number > window.target ? undefined : window.peek(number)?.header;
  }
  return undefined;
}

async function logsFromMemory({ window, known }: Answerers, filter: unknown): Promise<string | undefined> {
  if (!isObject(filter) || filter['blockHash'] !== undefined) return undefined;
  const from = blockOf(filter['fromBlock'] ?? 'latest', window.target);
  const to = blockOf(filter['toBlock'] ?? 'latest', window.target);
  if (from === undefined || to === undefined || to < from) return undefined;
  if (to > window.target || to - from >= mostBlocks) return undefined;
  const wanted = addressesOf(filter['address']);
  if (wanted === undefined || wanted.some((address) => !known.has(address))) return undefined;
  const topics: unknown = filter['topics'] ?? [];
  if (!Array.isArray(topics)) return undefined;
  const blocks = await window.take(from, to);
  return `[${blocks.flatMap((block) => matching(block, wanted, topics)).join(',')}]`;
}

function addressesOf(address: unknown): readonly string[] | undefined {
  const list = Array.isArray(address) ? address : [address];
  const texts = list.filter((one) => typeof one === 'string').map((one) => one.toLowerCase());
  return texts.length === list.length && texts.length > 0 ? texts : undefined;
}

/** By position: any topic, one, or one of a list. */
function matching(
  { logs }: StretchBlock,
  addresses: readonly string[],
  filter: readonly unknown[],
): readonly string[] {
  const fits = (topics: readonly string[]) =>
    filter.length <= topics.length &&
    filter.every((wanted, index) => {
      if (wanted === null) return true;
      const either = Array.isArray(wanted) ? wanted : [wanted];
      return either.length === 0 || either.some((one) => textOf(one).toLowerCase() === topics[index]);
    });
  return logs.flatMap(({ address, topics, text }) =>
    addresses.includes(address) && fits(topics) ? [text] : [],
  );
}

/** Names of blocks lead to the newest one that the indexer gets to see. */
function blockOf(block: unknown, target: number): number | undefined {
  if (block === 'earliest') return 0;
  if (typeof block !== 'string') return undefined;
  if (['latest', 'pending', 'safe', 'finalized'].includes(block)) return target;
  return /^0x[0-9a-f]+$/i.test(block) ? Number(block) : undefined;
}

/** What the node says of the call itself. Everything else is trouble of the node, which passes. */
const answers: readonly RpcFailureKind[] = ['reverted', 'rejected', 'unsupported', 'too-wide', 'too-much'];

async function passThrough(
  { chain, window, signal }: Answerers,
  { id, method, params }: RpcQuery,
): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const clamped = clampNames(method, params, window.target);
      const result: unknown = await chain.client.request({ method, params: clamped } as never);
      return JSON.stringify({ jsonrpc: '2.0', id, result });
    } catch (error) {
      signal.throwIfAborted();
      const { kind, code, message } = rpcFailure(error);
      if (answers.includes(kind)) return errorText(id, code ?? -32000, message);
    }
    await sleep(retryMs, signal);
  }
}

/** `latest` in a question about blocks or logs must not show more than `eth_blockNumber` does. */
function clampNames(method: string, params: unknown, target: number): unknown {
  if (!Array.isArray(params)) return params;
  const newest = `0x${target.toString(16)}`;
  const clamp = (block: unknown) =>
    typeof block === 'string' && ['latest', 'pending', 'safe', 'finalized'].includes(block) ? newest : block;
  if (method === 'eth_getBlockByNumber') return params.with(0, clamp(params[0]));
  const [filter]: unknown[] = params;
  if (method !== 'eth_getLogs' || !isObject(filter) || filter['blockHash'] !== undefined) return params;
  return [
    { ...filter, fromBlock: clamp(filter['fromBlock']), toBlock: clamp(filter['toBlock'] ?? 'latest') },
  ];
}
