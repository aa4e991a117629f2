import { toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import { TvError, UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { newestLogs, type RawLog } from '../newestLogs.ts';
import { parseHex, parseObject, parseQuantity, textOf } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { sameAddress } from '../sameAddress.ts';
import { findNonceTaker } from '../transactions/lookUp.ts';
import { readNonce } from '../transactions/readNonce.ts';
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

/** Limit of one reading of the newest signals, and of all of a range, in milliseconds. */
const newestLimitMs = 8_000;
const wholeLimitMs = 60_000;
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
  const range = { fromBlock, toBlock: head, limitMs: wholeLimitMs };
  const { signals, unknown } = await readNewestSignals(chain, range);
  if (unknown === undefined) return signals;
  throw new UnavailableError(
    'oracle.signals-unreadable',
    `The oracle's signals from block ${fromBlock} on cannot be read: ${unknown}.`,
    {
      facts: { node: chain.urls.join(', ') },
      next: { when: 'check the RPC URLs', tv: ['config', 'show'] },
    },
  );
}

export interface NewestSignals {
  /** In the order of the chain. */
  readonly signals: readonly AcceptedSignal[];
  /** The oldest block that was read; above the range where none could be. */
  readonly fromBlock: number;
  /** Why earlier ones are missing, without a full stop; undefined where none are, or `mostTransactions` were found. */
  readonly unknown: string | undefined;
}

/**
 * The newest signals of a range, read backwards in pieces.
 * @param parameters.mostTransactions enough of them; default all
 */
export async function readNewestSignals(
  chain: Chain,
  parameters: {
    readonly fromBlock: number;
    readonly toBlock: number;
    readonly mostTransactions?: number;
    /** Milliseconds. */
    readonly limitMs?: number;
  },
): Promise<NewestSignals> {
  const { fromBlock, toBlock, mostTransactions, limitMs = newestLimitMs } = parameters;
  const { logs, since, unknown } = await newestLogs(chain, {
    address: riskControllerOf(chain),
    topics: [updated],
    fromBlock,
    toBlock,
    firstWidth,
    limitMs,
    ...(mostTransactions !== undefined && {
      isEnough: (found: readonly RawLog[]) =>
        new Set(found.map((log) => log['transactionHash'])).size >= mostTransactions,
    }),
  });
  return { signals: logs.map(signalOf), fromBlock: since ?? toBlock + 1, unknown };
}

/** Of one search through blocks: a signal is waited for in the newest ones. */
const mostScannedBlocks = 200;

/**
 * The signals of one sender, from blocks and receipts: for a node that serves no logs. Receipts carry them
 * all the same.
 * @returns the signals, and the block up to which was searched
 * @throws TvError where no node answers
 */
async function scanSignals(
  chain: Chain,
  { sender, fromBlock }: { readonly sender: Address; readonly fromBlock: number },
): Promise<{ readonly signals: readonly AcceptedSignal[]; readonly scannedTo: number }> {
  const address = riskControllerOf(chain);
  const { number: head } = await readHead(chain);
  const toBlock = Math.min(head, fromBlock + mostScannedBlocks - 1);
  const signals: AcceptedSignal[] = [];
  for (let number = fromBlock; number <= toBlock; number++) {
    const asked = chain.client.request({
      method: 'eth_getBlockByNumber',
      params: [`0x${number.toString(16)}`, true],
    });
    const block: unknown = await described(chain, asked);
    // A replica behind the one that returned the head does not have it yet.
    if (block === null) return { signals, scannedTo: number - 1 };
    const { transactions } = parseObject(block, 'block');
    const own = (Array.isArray(transactions) ? transactions : [])
      .map((one) => parseObject(one, 'transaction'))
      .filter(({ from }) => sameAddress(String(from), sender));
    for (const transaction of own) {
      const hash = parseHex(transaction['hash'], 'transaction hash', 32);
      const request = chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
      const receipt: unknown = await described(chain, request);
      if (receipt === null) return { signals, scannedTo: number - 1 };
      signals.push(...signalsIn(parseObject(receipt, 'receipt'), address));
    }
  }
  return { signals, scannedTo: Math.max(fromBlock - 1, toBlock) };
}

function signalsIn({ logs }: Readonly<Record<string, unknown>>, address: Address): readonly AcceptedSignal[] {
  return (Array.isArray(logs) ? logs : [])
    .map((entry) => parseObject(entry, 'log'))
    .filter((log) => {
      const topics: readonly unknown[] = Array.isArray(log['topics']) ? log['topics'] : [];
      return topics[0] === updated && sameAddress(textOf(log['address']), address);
    })
    .map(signalOf);
}

/**
 * Reads the accepted signals from a block on, again and again, as new blocks come: from the logs; where the
 * node serves none, those of one sender from blocks and receipts, each block once.
 * @returns the signals of the range that were not returned before; the reader throws TvError where it could not be read
 */
export function signalReader(
  chain: Chain,
  { sender, fromBlock }: { readonly sender: Address; readonly fromBlock: number },
): () => Promise<readonly AcceptedSignal[]> {
  const returned = new Set<string>();
  let scanFrom = fromBlock;
  const all = async () => {
    try {
      return await readSignals(chain, { fromBlock });
    } catch (error) {
      if (!(error instanceof TvError)) throw error;
      const { signals, scannedTo } = await scanSignals(chain, { sender, fromBlock: scanFrom });
      scanFrom = scannedTo + 1;
      return signals;
    }
  };
  return async () => {
    const fresh = (await all()).filter(({ transaction }) => !returned.has(transaction));
    for (const { transaction } of fresh) returned.add(transaction);
    return fresh;
  };
}

/** Of an account: a signal may be followed by a transaction that was refused, or sets a preference. */
const mostOwnTransactions = 3;

/**
 * The newest accepted signal among the last transactions of an account's ordinary nonce line, by their
 * receipts: for a node that serves no logs. Takes some ten requests for each transaction.
 * @returns undefined where none of them has one, which says nothing of earlier ones or of other nonce lines
 * @throws TvError where no node shows them
 */
export async function readOwnSignal(chain: Chain, sender: Address): Promise<AcceptedSignal | undefined> {
  const address = riskControllerOf(chain);
  const { latest } = await readNonce(chain, sender);
  for (let nonce = latest - 1; nonce >= Math.max(0, latest - mostOwnTransactions); nonce--) {
    const sent = await findNonceTaker(chain, { from: sender, nonce, calls: [] });
    const request =
      sent && chain.client.request({ method: 'eth_getTransactionReceipt', params: [sent.hash] });
    const receipt: unknown = request === undefined ? null : await described(chain, request);
    if (receipt === null) {
      throw new UnavailableError(
        'oracle.signals-unreadable',
        `The last transactions of ${sender} cannot be read.`,
        {
          facts: { node: chain.urls.join(', '), nonce },
          next: { when: 'check the RPC URLs', tv: ['config', 'show'] },
        },
      );
    }
    const signal = signalsIn(parseObject(receipt, 'receipt'), address).at(-1);
    if (signal !== undefined) return signal;
  }
  return undefined;
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
