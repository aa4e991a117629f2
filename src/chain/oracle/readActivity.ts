import type { Address } from '../../config/settings.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseQuantity, parseWei, textOf } from '../parseAnswer.ts';
import { sameAddress } from '../sameAddress.ts';
import { feeOf } from '../transactions/readFunds.ts';
import { feeManager, readNetwork } from '../transactions/readNetwork.ts';
import { type AcceptedSignal, readNewestSignals, transferTopic } from './readSignals.ts';

/** Far enough back for a rate, near enough for any provider. */
const lookBackBlocks = 5_000;
/** With so many transactions read, older ones name no pair that is still active. */
const forPairs = 300;
/** So many of the newest transactions are read one by one. */
export const mostReceipts = 30;

export interface Spend {
  /** In the smallest unit of what paid. */
  readonly perSignal: bigint;
  /** Undefined where two moments are not known. */
  readonly perSecond: number | undefined;
  readonly signals: number;
}

/** What the chain's events show of the oracle, as far back as was read. */
export interface Activity {
  /** The oldest block whose senders were read. Nothing is known of those before it. */
  readonly fromBlock: number;
  /** Pairs with an accepted signal, of whichever sender; that of the newest signal first. */
  readonly pairs: readonly `0x${string}`[];
  /** The newest accepted signal in a transaction that the account itself sent. */
  readonly newest: AcceptedSignal | undefined;
  /** The account's own newest accepted signals, oldest first; at most those of so many transactions as were read. */
  readonly own: readonly AcceptedSignal[];
  /** The newest accepted signal of each other sender among the same transactions. */
  readonly others: readonly { readonly sender: string; readonly signal: AcceptedSignal }[];
  /** Undefined where no signal of the account was seen. */
  readonly spend: Spend | undefined;
  /** Tempo: the token that paid for the account's newest signal, by its receipt. */
  readonly feeToken: Address | undefined;
}

/**
 * The newest accepted signals, and what the account's own ones cost. Read newest first, in bounded
 * pieces; what is older than 5 000 blocks is left unread.
 * @param parameters.enoughTransactions default as many as name every active pair; the senders are those of the newest
 * `mostReceipts` in any case
 * @param parameters.signalAt time of the newest signal of any pair, in seconds since 1970, as the contract
 * returned it before: logs that do not reach it are incomplete
 * @throws TvError where no node answers, none serves logs, or they are incomplete
 */
export async function readActivity(
  chain: Chain,
  parameters: {
    readonly sender: Address;
    readonly head: number;
    readonly enoughTransactions?: number;
    readonly signalAt?: number | Promise<number | undefined> | undefined;
  },
): Promise<Activity> {
  const { sender, head, enoughTransactions = forPairs } = parameters;
  const from = Math.max(0, head - lookBackBlocks);
  const { signals, unknown } = await readNewestSignals(chain, {
    fromBlock: from,
    toBlock: head,
    mostTransactions: enoughTransactions,
  });
  const signalAt = (await parameters.signalAt) ?? 0;
  const newestAt = Math.max(0, ...signals.map(({ at }) => at));
  if (newestAt < signalAt && (await readBlockTime(chain, from)) <= signalAt) {
    throw unreadable(
      chain,
      unknown ??
        "the contract has accepted a newer one than the RPC node's eth_getLogs returns: its log index is incomplete",
    );
  }
  const all = [...new Set(signals.map(({ transaction }) => transaction))];
  const hashes = all.slice(-mostReceipts);
  const whole = unknown === undefined && all.length <= mostReceipts;
  const oldest = signals.find(({ transaction }) => transaction === hashes[0]);
  const fromBlock = whole ? from : (oldest?.block ?? head);
  const [network, ...receipts] = await described(
    chain,
    Promise.all([
      readNetwork(chain),
      ...hashes.map((hash) => chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] })),
    ]),
  );
  const mined = receipts
    .filter((receipt) => receipt !== null)
    .map((receipt) => parseObject(receipt, 'receipt'))
    .filter((receipt) => hashes.includes(textOf(receipt['transactionHash']) as `0x${string}`));
  const own = mined.filter((receipt) => sameAddress(textOf(receipt['from']), sender));
  const ownHashes = new Set(own.map((receipt) => receipt['transactionHash']));
  const ownSignals = signals.filter(({ transaction }) => ownHashes.has(transaction));
  const signalOf = (receipt: Receipt | undefined) =>
    signals.findLast(({ transaction }) => transaction === receipt?.['transactionHash']);
  const newest = signalOf(own.at(-1));
  const pairs = [...new Set(signals.toReversed().map(({ pair }) => pair))];
  const [first, last] = [own[0], own.at(-1)];
  // None among those that could be read is no "none".
  const unread = new Set(hashes).size - new Set(mined.map((receipt) => receipt['transactionHash'])).size;
  const doubt =
    unknown ??
    (unread > 0
      ? `the RPC node returns no receipt of ${unread} of ${hashes.length} transactions whose logs it has`
      : undefined);
  if (last === undefined && doubt !== undefined) throw unreadable(chain, doubt);
  if (first === undefined || last === undefined) {
    return {
      ...{ fromBlock, pairs, own: [], others: othersIn(mined, sender, signals) },
      ...{ newest: undefined, spend: undefined, feeToken: undefined },
    };
  }
  const fees = own.map((receipt) =>
    feeOf(
      network,
      parseWei(receipt['gasUsed'], 'amount of gas'),
      parseWei(receipt['effectiveGasPrice'], 'gas price'),
    ),
  );
  const total = fees.reduce((sum, fee) => sum + fee, 0n);
  const seconds = (newest?.at ?? 0) - (signalOf(first)?.at ?? 0);
  return {
    fromBlock,
    pairs,
    newest,
    own: ownSignals,
    others: othersIn(mined, sender, signals),
    spend: {
      perSignal: total / BigInt(own.length),
      // What the first one cost was spent before the time that is measured.
      perSecond: seconds > 0 ? Number(total - (fees[0] ?? 0n)) / seconds : undefined,
      signals: own.length,
    },
    feeToken: network === 'tempo' ? feeTokenOf(last, sender) : undefined,
  };
}

function unreadable(chain: Chain, reason: string): UnavailableError {
  return new UnavailableError(
    'oracle.signals-unreadable',
    `The last signals of the oracle cannot be read: ${reason}.`,
    {
      facts: { node: chain.urls.join(', ') },
      next: { when: 'check the RPC URLs', tv: ['config', 'show'] },
    },
  );
}

/** Seconds since 1970. A signal is never of a later time than the block that holds it. */
async function readBlockTime(chain: Chain, number: number): Promise<number> {
  const request = chain.client.request({
    method: 'eth_getBlockByNumber',
    params: [`0x${number.toString(16)}`, false],
  });
  const block: unknown = await described(chain, request);
  return parseQuantity(parseObject(block, 'block')['timestamp'], 'block time');
}

type Receipt = Readonly<Record<string, unknown>>;

/** The newest signal of every sender but one, by the senders of the receipts. */
function othersIn(
  receipts: readonly Receipt[],
  sender: Address,
  signals: readonly AcceptedSignal[],
): Activity['others'] {
  const newest = new Map<string, AcceptedSignal>();
  for (const receipt of receipts) {
    const from = textOf(receipt['from']).toLowerCase();
    const signal = signals.findLast(({ transaction }) => transaction === receipt['transactionHash']);
    if (signal !== undefined && /^0x[0-9a-f]{40}$/.test(from) && !sameAddress(from, sender)) {
      newest.set(from, signal);
    }
  }
  return [...newest].map(([from, signal]) => ({ sender: from, signal }));
}

/** The receipt's own field, where the node has it; else the transfer from the sender to the fee manager. */
function feeTokenOf(receipt: Receipt, sender: Address): Address | undefined {
  const { feeToken, logs } = receipt;
  if (typeof feeToken === 'string' && /^0x[0-9a-fA-F]{40}$/.test(feeToken)) return feeToken as Address;
  const entries: readonly unknown[] = Array.isArray(logs) ? logs : [];
  for (const entry of entries) {
    const { address, topics } = parseObject(entry, 'log');
    const [topic, from, to]: readonly unknown[] = Array.isArray(topics) ? topics : [];
    const pays = topic === transferTopic && isPadded(from, sender) && isPadded(to, feeManager);
    if (pays && typeof address === 'string') return address as Address;
  }
  return undefined;
}

function isPadded(topic: unknown, address: string): boolean {
  return typeof topic === 'string' && sameAddress(`0x${topic.slice(-40)}`, address);
}
