import { getAddress } from 'viem';
import type { Address } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { notAskedFor, type TopicFilter } from './askedFor.ts';
import { signalOf } from './connectChain.ts';
import { describeRpcError } from './describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity } from './parseAnswer.ts';
import type { RpcFailureKind } from './rpcErrorKind.ts';
import { rpcFailure } from './rpcFailure.ts';
import { testLogIndex } from './testLogIndex.ts';

/** A log as the node returned it. */
export type RawLog = Readonly<Record<string, unknown>>;

/** Which account caused a log, and when. */
export type LogOrigin = {
  readonly by: Address;
  readonly block: number;
  /** Seconds since 1970; null where the node does not return it. */
  readonly at: number | null;
};

/** @param word the topic or the data of the log that names the account */
export function originOf(log: RawLog, word: unknown): LogOrigin {
  const at = log['blockTimestamp'];
  return {
    by: getAddress(`0x${parseHex(word, 'address', 32).slice(-40)}`),
    block: parseQuantity(log['blockNumber'], 'block number'),
    at: typeof at === 'string' ? parseQuantity(at, 'block time') : null,
  };
}

export interface NewestLogsParameters {
  /** One contract, or several. */
  readonly address: Address | readonly Address[];
  /** Null: any. */
  readonly topics: TopicFilter;
  /** The earliest block of interest. */
  readonly fromBlock: number;
  /** The newest block, included. */
  readonly toBlock: number;
  /** Blocks of the first request. Narrower where the logs are dense, so that one response stays small. */
  readonly firstWidth: number;
  /** Limit of the whole reading, in milliseconds; a pending request is awaited. */
  readonly limitMs: number;
  /** Ends the reading early: what was read so far is enough. */
  readonly isEnough?: (logs: readonly RawLog[]) => boolean;
}

export interface NewestLogs {
  /** In the order of the chain. */
  readonly logs: readonly RawLog[];
  /** The first block that was read; null where not even the newest could be, or the node leaves logs out. */
  readonly since: number | null;
  /**
   * Why there may be more, without a full stop: blocks before `since` were not read, or the node's log index
   * does not show that it is complete. Undefined where it was all, or enough.
   */
  readonly unknown: string | undefined;
  /**
   * Only the test of the log index is missing: logs that another filter found in these blocks count as much as
   * this one's own would.
   */
  readonly isUntested?: boolean;
}

/** What a narrower range may mend. A refusal in unknown words is one of them. */
const mayBeTooWide: readonly RpcFailureKind[] = [
  'too-wide',
  'too-much',
  'oversized',
  'rejected',
  'failed',
  'timeout',
  'http',
  // Of a wide range the newest part may still be there.
  'pruned',
];
/** Of fewer logs than this the next request spans more blocks; of more, as many as would give this number. */
const fewLogs = 990;
/** Some providers cap a list at a multiple of this, without an error. */
const capStep = 1_000;
const widening = 4;
/** Requests at most: providers that allow ten blocks at once would be asked without end. */
const mostRequests = 200;

/**
 * The newest logs of a contract, from the newest block backwards, in pieces. A refused piece is halved,
 * down to one block, and so is one that looks cut off. What could not be read in time, is not served, or
 * may be missing from the node's log index, is named in `unknown`: it is never an empty history.
 * @throws only what ends the command: the reason of an abort, a bug
 */
export async function newestLogs(chain: Chain, parameters: NewestLogsParameters): Promise<NewestLogs> {
  const { address, topics, fromBlock, toBlock, firstWidth, limitMs, isEnough } = parameters;
  const deadline = performance.now() + limitMs;
  let pieces: readonly (readonly RawLog[])[] = [];
  // What is asked for in one piece, and whole, is tested in the end: the test then costs no time of its own.
  const tested =
    firstWidth > toBlock - fromBlock && isEnough === undefined
      ? testLogIndex(chain, { fromBlock, toBlock })
      : undefined;
  tested?.catch(() => {});
  let to = toBlock;
  let width = Math.max(1, firstWidth);
  const done = (unknown: string | undefined): NewestLogs => ({
    logs: pieces.flat(),
    since: to === toBlock ? null : to + 1,
    unknown,
  });
  for (let requests = 0; to >= fromBlock; requests++) {
    if (requests === mostRequests || performance.now() > deadline) {
      return done(`reading the logs from block ${fromBlock} on takes too long`);
    }
    const from = Math.max(fromBlock, to - width + 1);
    let piece: readonly RawLog[];
    try {
      piece = await ask(chain, { address, topics, from, to });
    } catch (error) {
      const failure = rpcFailure(error);
      if (mayBeTooWide.includes(failure.kind) && to > from) {
        width = Math.ceil((to - from + 1) / 2);
        // A range that is already known to be refused costs no request.
        if (failure.kind === 'too-wide') requests--;
        continue;
      }
      const described = describeRpcError(error, chain);
      if (!(described instanceof TvError) || signalOf(chain)?.aborted === true) throw described;
      return done(described.message.replace(/\.$/, ''));
    }
    const addresses = typeof address === 'string' ? [address] : address;
    const filter = { addresses, topics, fromBlock: from, toBlock: to };
    const [stray] = piece.flatMap((log) => notAskedFor(log, filter) ?? []);
    // Of a node that ignores a filter nothing is believed.
    if (stray !== undefined) {
      return { logs: [], since: null, unknown: `the RPC node's eth_getLogs returned ${stray}` };
    }
    if (looksCutOff(piece.length) && to > from) {
      width = Math.ceil((to - from + 1) / 2);
      continue;
    }
    pieces = [piece, ...pieces];
    to = from - 1;
    if (piece.length < fewLogs) width *= widening;
    else width = Math.max(1, Math.floor((width * fewLogs) / piece.length));
    if (isEnough?.(pieces.flat()) === true) return done(undefined);
  }
  const logs = pieces.flat();
  const verdict = await (tested ?? testLogIndex(chain, { fromBlock, toBlock }));
  // A node that returned some, and could not be tested, has not been shown to leave any out.
  if (verdict.is === 'works' || (verdict.is === 'untested' && logs.length > 0)) {
    return { logs, since: fromBlock, unknown: undefined };
  }
  const untested = verdict.is === 'untested' ? { isUntested: true } : {};
  return { logs, since: null, unknown: verdict.reason, ...untested };
}

/** A list of just so many logs may have been capped. */
export function looksCutOff(logs: number): boolean {
  return logs > 0 && logs % capStep === 0;
}

async function ask(
  chain: Chain,
  range: Pick<NewestLogsParameters, 'address' | 'topics'> & { readonly from: number; readonly to: number },
): Promise<readonly RawLog[]> {
  const { address, topics, from, to } = range;
  const answer: unknown = await chain.client.request({
    method: 'eth_getLogs',
    params: [
      {
        address: typeof address === 'string' ? address : [...address],
        topics: topics as never,
        fromBlock: `0x${from.toString(16)}`,
        toBlock: `0x${to.toString(16)}`,
      },
    ],
  });
  if (!Array.isArray(answer)) throw misfit(answer, 'list of logs');
  const logs = answer.map((entry) => parseObject(entry, 'log'));
  return logs
    .filter((log) => log['removed'] !== true)
    .map((log) => ({ log, block: parseQuantity(log['blockNumber'], 'block number') }))
    .toSorted((a, b) => a.block - b.block)
    .map(({ log }) => log);
}
