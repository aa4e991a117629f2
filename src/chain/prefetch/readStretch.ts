import type { Address } from '../../config/settings.ts';
import { exitCodes, TvError, UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import type { RawLog } from '../newestLogs.ts';
import { misfit, parseHex, parseObject, parseQuantity, textOf } from '../parseAnswer.ts';
import { type ChainLog, parseLogPlace, readLogsAs } from '../readLogs.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { testLogIndex } from '../testLogIndex.ts';
import { bloomBits, bloomDensity, mayHoldLogs } from './logsBloom.ts';

export interface StretchLog {
  /** Lower case. */
  readonly address: Address;
  readonly topics: readonly string[];
  /** As the node returned it, in JSON. */
  readonly text: string;
}

/** A block with all its logs of the addresses read. */
export interface StretchBlock {
  readonly number: number;
  readonly hash: `0x${string}`;
  readonly parentHash: `0x${string}`;
  /** As `eth_getBlockByNumber` returned it, without transaction bodies, in JSON. */
  readonly header: string;
  readonly logs: readonly StretchLog[];
}

export interface StretchParameters {
  readonly from: number;
  /** Included. */
  readonly to: number;
  readonly addresses: readonly Address[];
  readonly signal: AbortSignal;
  /** Headers of an attempt that failed, by number: the next one adds to them, and asks only for those that lack. */
  readonly headers: Map<number, Header>;
}

/** Blocks of a stretch whose receipts are read where only their filter says that logs are missing. */
const mostSuspects = 8;

/**
 * A stretch of the chain: headers and logs, read side by side and checked against each other. Each log belongs to
 * a header by its block hash, each header to the one before. Where a block's filter says that an address may have
 * logs and none was returned, the receipts decide, and their logs are served.
 * @throws TvError where the nodes stay away, lag, or contradict themselves (`Contradiction`): a later attempt may succeed
 * @throws TvError with `exitCode` `blocked` where the log index is known to be incomplete
 */
export async function readStretch(chain: Chain, parameters: StretchParameters): Promise<StretchBlock[]> {
  const { from, to, addresses, signal } = parameters;
  const [headers, logs] = await Promise.all([readHeaders(chain, parameters), collectLogs(chain, parameters)]);
  const byBlock = Map.groupBy(logs, ({ block }) => block);
  for (const log of logs) {
    const header = headers[log.block - from];
    if (header?.hash !== log.blockHash) {
      throw contradiction(`a log of block ${log.block} has another block hash than the block`);
    }
  }
  const suspects = headers.filter(({ number, bloom }) =>
    isSuspect(bloom, byBlock.get(number) ?? [], addresses),
  );
  if (suspects.length > 0) await completeFromReceipts(chain, { suspects, byBlock, addresses });
  const tells = headers.some(({ bloom }) => mayHoldLogs(bloom, []) !== undefined);
  const hasTransactions = headers.some(({ transactions }) => transactions.length > 0);
  // Without a filter that says anything, a sample of receipts has to do.
  if (!tells && hasTransactions && logs.length === 0) {
    const verdict = await testLogIndex(chain, { fromBlock: from, toBlock: to });
    if (verdict.is === 'broken') throw brokenIndex(verdict.reason);
  }
  signal.throwIfAborted();
  return headers.map(({ number, hash, parentHash, text }) => ({
    number,
    hash,
    parentHash,
    header: text,
    logs: (byBlock.get(number) ?? []).toSorted((a, b) => a.logIndex - b.logIndex),
  }));
}

export interface Header extends Pick<StretchBlock, 'number' | 'hash' | 'parentHash'> {
  readonly bloom: unknown;
  readonly transactions: readonly `0x${string}`[];
  readonly text: string;
}

async function readHeaders(
  chain: Chain,
  { from, to, headers: kept }: StretchParameters,
): Promise<readonly Header[]> {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const read = async (number: number) => {
    const header = kept.get(number) ?? (await readHeader(chain, number));
    kept.set(number, header);
    return header;
  };
  // Where one fails, the others are still waited for: the next attempt would ask for them a second time.
  const answers = await Promise.allSettled(numbers.map(read));
  const headers = answers.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  for (const [index, header] of headers.entries()) {
    const before = headers[index - 1];
    if (before !== undefined && header.parentHash !== before.hash) {
      throw contradiction(`block ${header.number} does not follow block ${before.number}`);
    }
  }
  return headers;
}

/** @throws UnavailableError where the node does not have the block */
export async function readHeader(chain: Chain, number: number): Promise<Header> {
  const answer: unknown = await chain.client.request({
    method: 'eth_getBlockByNumber',
    params: [`0x${number.toString(16)}`, false],
  });
  if (answer === null) {
    throw new UnavailableError('chain.unreliable-node', `The RPC node does not have block ${number} yet.`);
  }
  const header = parseObject(answer, 'block');
  if (parseQuantity(header['number'], 'block number') !== number) {
    throw contradiction(`block ${number} came back with another number`);
  }
  const transactions = Array.isArray(header['transactions']) ? header['transactions'] : [];
  return {
    number,
    hash: parseHex(header['hash'], 'block hash', 32),
    parentHash: parseHex(header['parentHash'], 'block hash', 32),
    bloom: header['logsBloom'],
    transactions: transactions.map((hash) => parseHex(hash, 'transaction hash', 32)),
    text: JSON.stringify(answer),
  };
}

type PlacedLog = StretchLog & Pick<ChainLog, 'block' | 'blockHash' | 'transactionHash' | 'logIndex'>;

async function collectLogs(chain: Chain, parameters: StretchParameters): Promise<readonly PlacedLog[]> {
  const { from, to, addresses, signal } = parameters;
  const logs: PlacedLog[] = [];
  const range = { fromBlock: from, toBlock: to, addresses, signal };
  for await (const log of readLogsAs(chain, range, parseLog)) logs.push(log);
  return logs;
}

function parseLog(entry: RawLog): PlacedLog {
  const topics = Array.isArray(entry['topics']) ? entry['topics'] : [];
  return {
    ...parseLogPlace(entry),
    topics: topics.map((topic) => parseHex(topic, 'topic', 32)),
    text: JSON.stringify(entry),
  };
}

/** An address that has logs in the block by its filter, and none in the answer. */
function isSuspect(bloom: unknown, logs: readonly StretchLog[], addresses: readonly Address[]): boolean {
  const found = new Set(logs.map(({ address }) => address));
  return addresses.some(
    (address) => !found.has(lower(address)) && mayHoldLogs(bloom, bitsOf(address)) === true,
  );
}

const known = new Map<Address, readonly number[]>();

function bitsOf(address: Address): readonly number[] {
  const bits = known.get(address) ?? bloomBits(address);
  known.set(address, bits);
  return bits;
}

/**
 * A filter can be wrong about an address, more often the fuller it is: the receipts of the emptiest ones are read
 * first. Only where these show that logs were left out, those of all.
 */
async function completeFromReceipts(
  chain: Chain,
  parameters: {
    readonly suspects: readonly Header[];
    readonly byBlock: Map<number, PlacedLog[]>;
    readonly addresses: readonly Address[];
  },
): Promise<void> {
  const { byBlock, addresses } = parameters;
  const suspects = parameters.suspects.toSorted(
    (a, b) => bloomDensity(textOf(a.bloom)) - bloomDensity(textOf(b.bloom)),
  );
  const wanted = new Set(addresses.map(lower));
  const complete = async (headers: readonly Header[]) => {
    const all = await Promise.all(headers.map((header) => logsOfReceipts(chain, header)));
    let leftOut = 0;
    for (const [index, { number }] of headers.entries()) {
      const own = (all[index] ?? []).filter(({ address }) => wanted.has(address));
      if (own.length <= (byBlock.get(number)?.length ?? 0)) continue;
      byBlock.set(number, own);
      leftOut++;
    }
    return leftOut;
  };
  const leftOut = await complete(suspects.slice(0, mostSuspects));
  if (leftOut > 0) await complete(suspects.slice(mostSuspects));
}

async function logsOfReceipts(chain: Chain, header: Header): Promise<readonly PlacedLog[]> {
  const receipts = await readReceipts(chain, header);
  return receipts.flatMap((answer) => {
    if (answer === null) throw contradiction(`a receipt of block ${header.number} is missing`);
    const { logs, blockHash } = parseObject(answer, 'receipt');
    if (parseHex(blockHash, 'block hash', 32) !== header.hash) {
      throw contradiction(`a receipt of block ${header.number} has another block hash than the block`);
    }
    if (!Array.isArray(logs)) throw misfit(answer, 'receipt');
    return logs.map((log) => parseLog(parseObject(log, 'log')));
  });
}

async function readReceipts(chain: Chain, { number, transactions }: Header): Promise<readonly unknown[]> {
  const { request } = chain.client;
  try {
    const answer: unknown = await request({
      method: 'eth_getBlockReceipts' as never,
      params: [`0x${number.toString(16)}`] as never,
    });
    if (Array.isArray(answer) && answer.length === transactions.length) return answer;
  } catch (error) {
    const { kind } = rpcFailure(error);
    if (kind !== 'unsupported' && kind !== 'rejected') throw error;
  }
  return Promise.all(
    transactions.map((hash) => request({ method: 'eth_getTransactionReceipt', params: [hash] })),
  );
}

export function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}

/** Headers and logs may be of different replicas, or of before and after a reorganisation. */
export class Contradiction extends UnavailableError {}

function contradiction(what: string): Contradiction {
  return new Contradiction('chain.unreliable-node', `The RPC node contradicts itself: ${what}.`, {
    next: { when: 'set RPC_URL, or chain.rpcUrls, to another node', tv: ['config', 'show'] },
  });
}

function brokenIndex(reason: string): TvError {
  return new TvError('chain.unreliable-node', `Events would be lost: ${reason}.`, {
    next: { when: 'set RPC_URL, or chain.rpcUrls, to another node', tv: ['config', 'show'] },
    exitCode: exitCodes.blocked,
  });
}
