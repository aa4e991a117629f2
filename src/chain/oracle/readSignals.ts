import { toEventSelector } from 'viem';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { newestLogs, type RawLog } from '../newestLogs.ts';
import { parseHex, parseQuantity } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { riskControllerOf } from './readAuthority.ts';

const updated = toEventSelector(
  'OracleSignalUpdated(bytes32,(int16,uint256,uint256,uint256,uint256,uint256),uint256)',
);

/** Of every token: who paid a fee, and with what. */
export const transferTopic = toEventSelector('Transfer(address,address,uint256)');

/** Where the time is in the hex of the event's data: behind `0x`, tick, deviation and two depths. */
const timeAt = [2 + 4 * 64, 2 + 5 * 64] as const;

/** A signal that the contract accepted. */
export interface AcceptedSignal {
  readonly pair: `0x${string}`;
  readonly transaction: `0x${string}`;
  readonly block: number;
  /** Seconds since 1970, the time in the signal. */
  readonly at: number;
}

/** Limit of one reading, in milliseconds. */
const limitMs = 8_000;
/** Blocks of the first request: of a signal a block they are a few hundred logs. */
const firstWidth = 256;

/**
 * All signals that the contract accepted, in the order of the chain.
 * @param range default up to the newest block
 * @throws TvError where not all of the range could be read
 */
export async function readSignals(
  chain: Chain,
  { fromBlock, toBlock }: { readonly fromBlock: number; readonly toBlock?: number },
): Promise<readonly AcceptedSignal[]> {
  const head = toBlock ?? (await readHead(chain)).number;
  const { signals, unknown } = await readNewestSignals(chain, { fromBlock, toBlock: head });
  if (unknown === undefined) return signals;
  throw new UnavailableError(`The oracle's signals from block ${fromBlock} on cannot be read: ${unknown}.`, {
    facts: { node: chain.urls.join(', ') },
    next: 'check the RPC URLs: tv config show',
  });
}

export interface NewestSignals {
  /** In the order of the chain. */
  readonly signals: readonly AcceptedSignal[];
  /** Why earlier ones are missing, without a full stop; undefined where none are, or `mostTransactions` were found. */
  readonly unknown: string | undefined;
}

/**
 * The newest signals of a range, read backwards in pieces.
 * @param parameters.mostTransactions enough of them; default all
 */
export async function readNewestSignals(
  chain: Chain,
  parameters: { readonly fromBlock: number; readonly toBlock: number; readonly mostTransactions?: number },
): Promise<NewestSignals> {
  const { fromBlock, toBlock, mostTransactions = Number.POSITIVE_INFINITY } = parameters;
  const { logs, unknown } = await newestLogs(chain, {
    address: riskControllerOf(chain),
    topics: [updated],
    fromBlock,
    toBlock,
    firstWidth,
    limitMs,
    isEnough: (found) => new Set(found.map((log) => log['transactionHash'])).size >= mostTransactions,
  });
  return { signals: logs.map(signalOf), unknown };
}

function signalOf(log: RawLog): AcceptedSignal {
  const topics = Array.isArray(log['topics']) ? log['topics'] : [];
  return {
    pair: parseHex(topics[1], 'pair', 32),
    transaction: parseHex(log['transactionHash'], 'transaction hash', 32),
    block: parseQuantity(log['blockNumber'], 'block number'),
    at: parseInt(parseHex(log['data'], 'signal').slice(...timeAt), 16),
  };
}
