import type { Address } from '../config/settings.ts';
import { type Answer, answer, known, unknown } from '../errors/answer.ts';
import { exitCodes, UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { compareContents, describeDifferences, type EventRow } from './compareContents.ts';
import type { Listed, UnlistedRow } from './compareEvents.ts';
import { described } from './describeRpcError.ts';
import { eventName } from './events.ts';
import { misfit, parseHex, parseObject, parseQuantity } from './parseAnswer.ts';
import type { ChainLog } from './readLogs.ts';
import { sameAddress } from './sameAddress.ts';

/** Transactions looked up at once: small enough for a provider's limit on batches. */
const atOnce = 10;
/** After so many failed look-ups in a row the rest is left unknown, instead of waiting for each. */
const mostFailures = 3;

/** A row that the chain does not have, and how that is known. */
export interface SurplusRow extends EventRow {
  /** To follow a colon: `reorganised: block 1234 no longer holds the transaction`. */
  readonly reason: string;
}

export interface ConfirmedRows {
  readonly surplus: Listed<SurplusRow>;
  /** Rows whose log the receipt has, though `eth_getLogs` left it out: the node's log index is incomplete. */
  readonly leftOut: Listed<EventRow>;
  /** Rows that could not be judged, and why. */
  readonly unconfirmed: Listed<EventRow>;
  /** The first reason; undefined where every row was judged. */
  readonly reason: string | undefined;
}

export interface ConfirmSurplusParameters {
  readonly rows: Listed<UnlistedRow>;
  readonly addresses: readonly Address[];
  readonly signal?: AbortSignal;
}

type Verdict =
  | { readonly is: 'surplus'; readonly reason: string }
  | { readonly is: 'left-out' }
  | { readonly is: 'unknown'; readonly reason: string };

/**
 * Judges rows for which `eth_getLogs` returned nothing, by the receipts of their transactions. A row is
 * surplus only where a receipt, or the block, says so: a node's log index can be incomplete.
 */
export async function confirmSurplus(
  chain: Chain,
  { rows, addresses, signal }: ConfirmSurplusParameters,
): Promise<ConfirmedRows> {
  const surplus: SurplusRow[] = [];
  const leftOut: EventRow[] = [];
  const unconfirmed: EventRow[] = [];
  let reason: string | undefined;
  const sort = ({ row }: UnlistedRow, verdict: Verdict) => {
    if (verdict.is === 'surplus') surplus.push({ ...row, reason: verdict.reason });
    else if (verdict.is === 'left-out') leftOut.push(row);
    else {
      unconfirmed.push(row);
      reason ??= verdict.reason;
    }
  };
  const byTransaction = new Map<string, UnlistedRow[]>();
  for (const one of rows.first) {
    if (one.duplicate) sort(one, { is: 'surplus', reason: 'a second row for the same log' });
    else byTransaction.set(keyOf(one.row), [...(byTransaction.get(keyOf(one.row)) ?? []), one]);
  }

  const groups = [...byTransaction.values()];
  let failures = 0;
  for (let index = 0; index < groups.length; index += atOnce) {
    signal?.throwIfAborted();
    const some = groups.slice(index, index + atOnce);
    const facts = await Promise.all(
      some.map((group) =>
        failures >= mostFailures ? unknown(reason ?? 'not looked up') : readTransaction(chain, group),
      ),
    );
    some.forEach((group, at) => {
      const fact = facts[at];
      if (fact === undefined) return;
      failures = fact.known ? 0 : failures + 1;
      for (const one of group) sort(one, judge(one, group, fact, addresses));
    });
  }
  const rest = rows.total - rows.first.length;
  if (rest > 0) reason ??= `only the first ${rows.first.length} rows were looked up`;
  const listed = <T>(first: readonly T[], more = 0): Listed<T> => ({ total: first.length + more, first });
  return {
    surplus: listed(surplus),
    leftOut: listed(leftOut),
    unconfirmed: listed(unconfirmed, rest),
    reason,
  };
}

function keyOf({ transactionHash, block }: EventRow): string {
  return `${transactionHash.toLowerCase()} ${block}`;
}

interface Receipt {
  readonly block: number;
  /** Lower case; undefined where the node does not return it. */
  readonly blockHash: string | undefined;
  readonly logs: readonly {
    readonly index: number;
    readonly address: Address;
    readonly topic: `0x${string}` | undefined;
  }[];
}

/** `null`: the node has the block, and the transaction is not in it. */
type TransactionFact = Answer<Receipt | null>;

async function readTransaction(chain: Chain, [first]: readonly UnlistedRow[]): Promise<TransactionFact> {
  if (first === undefined) return unknown('not looked up');
  const { transactionHash, block } = first.row;
  if (!/^0x[0-9a-f]{64}$/i.test(transactionHash)) return known(null);
  const hash = transactionHash as `0x${string}`;
  const found = await answer(readReceipt(chain, hash));
  if (!found.known || found.value !== null) return found;
  // A node that prunes receipts says null as well. The block itself says whether it holds the transaction.
  const inBlock = await answer(readBlockTransactions(chain, block));
  if (!inBlock.known) return inBlock;
  if (inBlock.value === null) return unknown(`the node has neither the receipts nor block ${block}`);
  if (!inBlock.value.includes(hash.toLowerCase())) return known(null);
  return unknown(`block ${block} holds the transaction, but the node has no receipt of it`);
}

async function readReceipt(chain: Chain, hash: `0x${string}`): Promise<Receipt | null> {
  const raw: unknown = await described(
    chain,
    chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] }),
  );
  if (raw === null) return null;
  const receipt = parseObject(raw, 'receipt');
  if (!Array.isArray(receipt['logs'])) throw misfit(receipt['logs'], 'list of logs');
  return {
    block: parseQuantity(receipt['blockNumber'], 'block number'),
    blockHash: typeof receipt['blockHash'] === 'string' ? receipt['blockHash'].toLowerCase() : undefined,
    logs: receipt['logs'].map((entry) => {
      const log = parseObject(entry, 'log');
      return {
        index: parseQuantity(log['logIndex'], 'log index'),
        address: parseHex(log['address'], 'address', 20),
        topic: Array.isArray(log['topics']) ? log['topics'][0]?.toLowerCase() : undefined,
      };
    }),
  };
}

async function readBlockTransactions(chain: Chain, block: number): Promise<readonly string[] | null> {
  const raw: unknown = await described(
    chain,
    chain.client.request({ method: 'eth_getBlockByNumber', params: [`0x${block.toString(16)}`, false] }),
  );
  if (raw === null) return null;
  const { transactions } = parseObject(raw, 'block');
  if (!Array.isArray(transactions)) throw misfit(transactions, 'list of transactions');
  return transactions.map((hash) => parseHex(hash, 'transaction hash', 32));
}

function judge(
  { row, listedLogs }: UnlistedRow,
  group: readonly UnlistedRow[],
  fact: TransactionFact,
  addresses: readonly Address[],
): Verdict {
  if (!fact.known) return { is: 'unknown', reason: fact.reason };
  const receipt = fact.value;
  if (receipt === null)
    return { is: 'surplus', reason: `reorganised: block ${row.block} does not hold the transaction` };
  if (receipt.block !== row.block)
    return { is: 'surplus', reason: `reorganised: the transaction is in block ${receipt.block} now` };
  const ours = receipt.logs.filter(({ address }) =>
    addresses.some((one) => one.toLowerCase() === address.toLowerCase()),
  );
  if (row.logIndex === undefined) {
    // Rows without an index: so many logs of the transaction were left out, of any of its rows.
    return ours.length - listedLogs >= group.length
      ? { is: 'left-out' }
      : { is: 'surplus', reason: 'its transaction has fewer logs' };
  }
  const log = ours.find(({ index }) => index === row.logIndex);
  if (log === undefined)
    return { is: 'surplus', reason: 'its transaction has no such log of these contracts' };
  const differences = compareContents(log, row);
  return differences.length === 0
    ? { is: 'left-out' }
    : { is: 'surplus', reason: describeDifferences(differences) };
}

/**
 * The topics of some stored rows, by the receipts of their transactions: how a kind is recognised whose
 * signature is not known here. A receipt that cannot be read leaves its row out.
 */
export async function readTopics(
  chain: Chain,
  rows: readonly { readonly transactionHash: string; readonly logIndex: number }[],
): Promise<ReadonlySet<string>> {
  const topics = new Set<string>();
  for (const { transactionHash, logIndex } of rows) {
    const receipt = await answer(readReceipt(chain, transactionHash as `0x${string}`));
    if (!receipt.known) break;
    const topic = receipt.value?.logs.find(({ index }) => index === logIndex)?.topic;
    if (topic !== undefined) topics.add(topic);
  }
  return topics;
}

/** Logs without a row that are looked up: a node that misplaces them misplaces all, or those of a stretch. */
const mostPlaced = 40;

/**
 * Whether logs that no row holds, or one of another content, are what `eth_getLogs` says, by the receipts of
 * their transactions: a log under the number of another block, or of another contract, is missing in no database.
 * A receipt that cannot be read proves nothing.
 * @throws UnavailableError where the node contradicts itself
 */
export async function assertPlaced(
  chain: Chain,
  logs: readonly ChainLog[],
  signal?: AbortSignal,
): Promise<void> {
  const some = [...new Map(logs.map((log) => [`${log.transactionHash} ${log.block}`, log])).values()];
  for (let index = 0; index < Math.min(some.length, mostPlaced); index += atOnce) {
    signal?.throwIfAborted();
    const piece = some.slice(index, index + atOnce);
    const receipts = await Promise.all(piece.map((log) => answer(readReceipt(chain, log.transactionHash))));
    for (const [at, log] of piece.entries()) {
      const found = receipts[at];
      if (found?.known !== true || found.value === null) continue;
      const { block, blockHash, logs: own } = found.value;
      const other = own.find(
        ({ index, address, topic }) =>
          index === log.logIndex && (!sameAddress(address, log.address) || topic !== log.topic),
      );
      const isPlaced = block === log.block && (blockHash === undefined || blockHash === log.blockHash);
      if (isPlaced && other === undefined) continue;
      const by = (content: Pick<ChainLog, 'address' | 'topic'> | undefined) =>
        content === undefined ? '' : `, ${eventName(content.topic) ?? 'unknown kind'} of ${content.address}`;
      throw new UnavailableError(
        'chain.unreliable-node',
        "The RPC node's eth_getLogs and its receipts contradict each other.",
        {
          facts: {
            node: chain.urls.join(', '),
            transaction: log.transactionHash,
            'by eth_getLogs': `in block ${log.block} (${log.blockHash})${by(other && log)}`,
            'by its receipt': `in block ${block} (${blockHash ?? 'hash unknown'})${by(other)}`,
          },
          next: [
            'run the command again: a reorganisation meanwhile looks the same',
            { when: 'set RPC_URL, or chain.rpcUrls, to another node', tv: ['config', 'show'] },
          ],
          exitCode: exitCodes.blocked,
        },
      );
    }
  }
}
