import type { Address } from '../config/settings.ts';
import { beginAttempt } from '../errors/attempts.ts';
import { exitCodes, TvError, UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import type { Progress } from '../runbook/events.ts';
import { sleep } from '../runbook/sleep.ts';
import { notAskedFor } from './askedFor.ts';
import { describeRpcError } from './describeRpcError.ts';
import { type EventName, eventByTopic } from './events.ts';
import { looksCutOff } from './newestLogs.ts';
import { misfit, parseHex, parseObject, parseQuantity } from './parseAnswer.ts';
import type { RpcFailureKind } from './rpcErrorKind.ts';
import { type RpcFailure, rpcFailure } from './rpcFailure.ts';

/** Providers allow 1 000 to 100 000 blocks a request; refused ranges are halved. */
export const firstWidth = 2_000;
const mostWidth = 50_000;
/** An answer with fewer logs than this leaves room for a wider range; providers stop at 10 000. */
const fewLogs = 1_000;
const retries = 6;
/** Each of these comes after the node's own patience with a rate limit. */
const rateRetries = 3;
const firstWaitMs = 500;
const longestWaitMs = 60_000;
/** A time-out may be the node's trouble or the range's size: the next try is both later and smaller. */
const makeSmaller: readonly RpcFailureKind[] = [
  'too-wide',
  'too-much',
  'oversized',
  'timeout',
  'rejected',
  'failed',
];
/** In unknown words it may be the range all the same, or a moment of the node: a limit only where it comes twice. */
const doubtful: readonly RpcFailureKind[] = ['rejected', 'failed'];

/** Whether a narrower range may be served where this one was not. */
export function mayBeTooWide({ kind, status }: RpcFailure): boolean {
  return makeSmaller.includes(kind) || (kind === 'http' && (status === 400 || status === 422));
}

const dependsOnContent: readonly RpcFailureKind[] = ['too-much', 'oversized', 'timeout'];

export interface ChainLog {
  readonly block: number;
  readonly blockHash: `0x${string}`;
  readonly transactionHash: `0x${string}`;
  readonly logIndex: number;
  /** Lower case. */
  readonly address: Address;
  /** Undefined for an anonymous log. */
  readonly topic: `0x${string}` | undefined;
  /** Undefined for a kind that the indexer does not keep. */
  readonly event: EventName | undefined;
  /** Of its block, in seconds since 1970. Absent where the node does not return it with a log. */
  readonly time?: number;
}

export interface ReadLogsParameters {
  readonly fromBlock: number;
  /** Included. A fixed number, so that a reorganisation or new blocks cannot move the end underway. */
  readonly toBlock: number;
  readonly addresses: readonly Address[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * All logs of some contracts, in the order of the chain. Memory holds one request's worth.
 * @throws TvError where the nodes stay away past the retries, no longer have the range, return logs of other
 * blocks, or no address is given
 */
export function readLogs(chain: Chain, parameters: ReadLogsParameters): AsyncGenerator<ChainLog, void, void> {
  return readLogsAs(chain, parameters, parseLog);
}

/** The same, each in the form that `parse` makes of a node's answer. */
export async function* readLogsAs<T extends Pick<ChainLog, 'block' | 'logIndex' | 'transactionHash'>>(
  chain: Chain,
  parameters: ReadLogsParameters,
  parse: (entry: Readonly<Record<string, unknown>>) => T,
): AsyncGenerator<T, void, void> {
  const { fromBlock, toBlock, addresses, signal, onProgress } = parameters;
  // Without addresses a node would return the logs of everybody.
  if (addresses.length === 0)
    throw new TvError('config.setting-missing', 'No contract address is set, so there are no logs to read.');
  const total = Math.max(0, toBlock - fromBlock + 1);
  let width = firstWidth;
  let ceiling = mostWidth;
  /** The width that was refused in unknown words the last time. */
  let doubted: number | undefined;
  let attempt = 0;
  const trying = beginAttempt();

  for (let from = fromBlock; from <= toBlock; ) {
    signal?.throwIfAborted();
    const to = Math.min(toBlock, from + width - 1);
    let logs: readonly T[];
    try {
      logs = await readRange(chain, { from, to, addresses }, parse);
    } catch (error) {
      const failure = rpcFailure(error);
      if (mayBeTooWide(failure) && to > from) {
        const refused = to - from + 1;
        width = Math.ceil(refused / 2);
        // A limit on blocks stays; one on results depends on how busy these blocks are.
        const mayStay = !dependsOnContent.includes(failure.kind);
        const isSure = !doubtful.includes(failure.kind) || doubted === refused;
        if (mayStay && isSure) ceiling = width;
        doubted = isSure ? undefined : refused;
        if (failure.kind !== 'timeout') continue;
      }
      const wait = waitFor(failure, attempt++);
      if (wait === undefined) throw describeRpcError(error, chain);
      trying.failed(error);
      await sleep(wait, signal);
      continue;
    }
    attempt = 0;
    trying.ended();
    if (doubted !== undefined && to - from + 1 >= doubted) doubted = undefined;
    if (looksCutOff(logs.length) && to > from) {
      width = Math.ceil((to - from + 1) / 2);
      continue;
    }
    if (logs.length < fewLogs && to - from + 1 === width) width = Math.min(ceiling, width * 2);
    yield* logs;
    from = to + 1;
    onProgress?.({ done: from - fromBlock, total, unit: 'blocks' });
  }
}

async function readRange<T extends Pick<ChainLog, 'block' | 'logIndex' | 'transactionHash'>>(
  chain: Chain,
  range: { from: number; to: number; addresses: readonly Address[] },
  parse: (entry: Readonly<Record<string, unknown>>) => T,
): Promise<readonly T[]> {
  const answer: unknown = await chain.client.request({
    method: 'eth_getLogs',
    params: [
      {
        fromBlock: `0x${range.from.toString(16)}`,
        toBlock: `0x${range.to.toString(16)}`,
        address: [...range.addresses],
      },
    ],
  });
  if (!Array.isArray(answer)) throw misfit(answer, 'list of logs');
  const { from: fromBlock, to: toBlock, addresses } = range;
  return answer
    .map((entry) => parseObject(entry, 'log'))
    .filter((entry) => entry['removed'] !== true)
    .map((entry) => {
      const log = parse(entry);
      // It would be compared with rows of another block or contract.
      const stray = notAskedFor(entry, { addresses, fromBlock, toBlock });
      if (stray !== undefined) throw strayLog(stray, log.transactionHash, range);
      return log;
    })
    .sort((a, b) => a.block - b.block || a.logIndex - b.logIndex);
}

function strayLog(
  words: string,
  transaction: string,
  { from, to }: { readonly from: number; readonly to: number },
): UnavailableError {
  return new UnavailableError('chain.unreliable-node', `The RPC node's eth_getLogs returned ${words}.`, {
    facts: { blocks: `${from} to ${to}`, transaction },
    next: { when: 'set RPC_URL, or chain.rpcUrls, to another node', tv: ['config', 'show'] },
    exitCode: exitCodes.blocked,
  });
}

function parseLog(entry: Readonly<Record<string, unknown>>): ChainLog {
  const topics = Array.isArray(entry['topics']) ? entry['topics'] : [];
  const topic = topics[0] === undefined ? undefined : parseHex(topics[0], 'topic', 32);
  const time = Number(entry['blockTimestamp'] ?? Number.NaN);
  return {
    ...parseLogPlace(entry),
    topic,
    event: eventByTopic(topic)?.name,
    ...(time > 0 && { time }),
  };
}

/** Where a log is, and of whom, as a node returned it. @throws UnavailableError where a part of that is malformed */
export function parseLogPlace(
  entry: Readonly<Record<string, unknown>>,
): Pick<ChainLog, 'block' | 'blockHash' | 'transactionHash' | 'logIndex' | 'address'> {
  return {
    block: parseQuantity(entry['blockNumber'], 'block number'),
    blockHash: parseHex(entry['blockHash'], 'block hash', 32),
    transactionHash: parseHex(entry['transactionHash'], 'transaction hash', 32),
    logIndex: parseQuantity(entry['logIndex'], 'log index'),
    address: parseHex(entry['address'], 'address', 20),
  };
}

function waitFor(failure: RpcFailure, attempt: number): number | undefined {
  const passing: readonly RpcFailureKind[] = ['timeout', 'unreachable', 'cut', 'rate-limited', 'failed'];
  const mayPass = passing.includes(failure.kind) || (failure.kind === 'http' && (failure.status ?? 0) >= 500);
  const wait = failure.retryAfterMs ?? firstWaitMs * 2 ** attempt;
  const most = failure.kind === 'rate-limited' ? rateRetries : retries;
  return mayPass && attempt < most && wait <= longestWaitMs ? wait : undefined;
}
