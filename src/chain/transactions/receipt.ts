import { type Abi, decodeEventLog } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { firstWords } from '../../text/firstWords.ts';
import { nodesOf, signalOf } from '../connectChain.ts';
import { described, describeRpcError } from '../describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';
import { sameAddress } from '../sameAddress.ts';

/** A log as a transaction emitted it. */
export interface EmittedLog {
  /** Lower case. */
  readonly address: Address;
  readonly topics: readonly `0x${string}`[];
  readonly data: `0x${string}`;
}

/** A transaction that is in a block. */
export interface Receipt {
  readonly hash: `0x${string}`;
  readonly block: number;
  /** Unknown where the node leaves it out, or answers something that is neither 1 nor 0. */
  readonly status: Answer<'success' | 'failure'>;
  /** In the order in which they were emitted. */
  readonly logs: Answer<readonly EmittedLog[]>;
  readonly gasUsed: bigint | undefined;
  /** In the smallest unit of a native token; on Tempo in 10^-18 dollars. */
  readonly gasPrice: bigint | undefined;
}

/**
 * The receipt of a transaction. Where the first node that answers has none, or one without a status,
 * every node is asked by itself.
 * @returns undefined where no node that answered has one
 * @throws TvError where no node answers
 */
async function readReceipt(chain: Chain, hash: `0x${string}`): Promise<Receipt | undefined> {
  const first = await requestReceipt(chain, hash);
  if (first?.status.known || nodesOf(chain).length < 2) return first;
  const answers = await askEachNode(chain, 'eth_getTransactionReceipt', [hash]);
  const parsed = answers.map((one) => (one.known ? tryParse(one.value, hash) : undefined));
  return mostTelling([first, ...parsed]);
}

/** @returns undefined where the node has none (yet) @throws TvError where no node answers */
export async function requestReceipt(chain: Chain, hash: `0x${string}`): Promise<Receipt | undefined> {
  const request = chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
  return parseReceipt(await described(chain, request), hash);
}

/** One request to every node by itself, without failover and without a second try. */
export function askEachNode(
  chain: Chain,
  method: string,
  params: readonly unknown[],
): Promise<readonly Answer<unknown>[]> {
  const ask = async (node: ReturnType<typeof nodesOf>[number]) => {
    try {
      return await node.request(method, params);
    } catch (error) {
      signalOf(chain)?.throwIfAborted();
      throw describeRpcError(error, chain);
    }
  };
  return Promise.all(nodesOf(chain).map((node) => answer(ask(node))));
}

/** Of the receipts of several nodes the one with a status. Where two contradict each other, the status is unknown. */
export function mostTelling(receipts: readonly (Receipt | undefined)[]): Receipt | undefined {
  const found = receipts.filter((receipt) => receipt !== undefined);
  const telling = found.filter(({ status }) => status.known);
  const [first] = telling;
  if (first === undefined) return found[0];
  const agree = telling.every(({ status }) => status.known && status.value === statusOf(first));
  return agree ? first : { ...first, status: unknown('RPC nodes contradict each other on its status') };
}

function statusOf({ status }: Receipt): 'success' | 'failure' | undefined {
  return status.known ? status.value : undefined;
}

export function tryParse(value: unknown, hash: `0x${string}`): Receipt | undefined {
  try {
    return parseReceipt(value, hash);
  } catch (error) {
    if (error instanceof TvError) return undefined;
    throw error;
  }
}

/**
 * @returns undefined where there is none, or one of a block that is not there yet
 * @throws UnavailableError where it is no receipt of this transaction
 */
export function parseReceipt(value: unknown, hash: `0x${string}`): Receipt | undefined {
  if (value === null || value === undefined) return undefined;
  const receipt = parseObject(value, 'receipt');
  const of = receipt['transactionHash'];
  if (typeof of === 'string' && of.toLowerCase() !== hash.toLowerCase()) {
    throw misfit(value, `receipt of ${hash}`);
  }
  // Some nodes show the receipt of a pending transaction.
  if (receipt['blockNumber'] === null) return undefined;
  return {
    hash,
    block: parseQuantity(receipt['blockNumber'], 'block number'),
    status: parseStatus(receipt['status']),
    logs: parseLogs(receipt['logs']),
    gasUsed: parseAmount(receipt['gasUsed']),
    gasPrice: parseAmount(receipt['effectiveGasPrice']),
  };
}

/**
 * The status of a receipt, or of a simulated call. JSON-RPC has it as the quantity 0x1 or 0x0; other
 * spellings of these numbers (`0x01`, `0X1`, `"1"`, `1`) leave no doubt either. Everything else is
 * unknown: nodes that were set up without Byzantium's rules answer null, or `root` in its place
 * (openethereum #10870, go-ethereum #19879).
 */
export function parseStatus(value: unknown): Answer<'success' | 'failure'> {
  const digits =
    typeof value === 'string'
      ? /^(?:0x)?0*([01])$/i.exec(value)?.[1]
      : (value === 0 || value === 1) && `${value}`;
  if (digits === '1') return known('success');
  if (digits === '0') return known('failure');
  return unknown(
    value === undefined
      ? 'the receipt has no status'
      : `the status in the receipt is ${firstWords(JSON.stringify(value) ?? 'nothing', 40)}`,
  );
}

/** Of a receipt, or of a simulated call. */
export function parseLogs(value: unknown): Answer<readonly EmittedLog[]> {
  if (!Array.isArray(value)) return unknown('the receipt has no logs');
  try {
    return known(
      value.map((entry) => {
        const log = parseObject(entry, 'log');
        const topics = Array.isArray(log['topics']) ? log['topics'] : [];
        return {
          address: parseHex(log['address'], 'address', 20),
          topics: topics.map((topic) => parseHex(topic, 'topic', 32)),
          data: parseHex(log['data'] ?? '0x', 'log data'),
        };
      }),
    );
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return unknown('the logs in the receipt cannot be read');
  }
}

/** A quantity of any size. Undefined where it is none. */
export function parseAmount(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value)
    ? BigInt(value.toLowerCase())
    : undefined;
}

/**
 * What a transaction of this run has done, as its receipt says: known only where the status is
 * success and the logs can be read.
 * @throws TvError where no node answers
 */
export async function readEvidence(chain: Chain, hash: `0x${string}`): Promise<Answer<Evidence>> {
  const receipt = await readReceipt(chain, hash);
  if (receipt === undefined) return unknown('no RPC node has its receipt');
  if (!receipt.status.known) return receipt.status;
  if (receipt.status.value === 'failure') return unknown('its receipt says that it reverted');
  if (!receipt.logs.known) return receipt.logs;
  return known({ hash, block: receipt.block, logs: receipt.logs.value });
}

export interface Evidence {
  readonly hash: `0x${string}`;
  readonly block: number;
  readonly logs: readonly EmittedLog[];
}

/** The arguments of all events of one kind that one contract has emitted. Logs that do not fit the event are left out. */
export function eventsIn<T>(
  logs: readonly EmittedLog[],
  {
    address,
    abi,
    eventName,
  }: { readonly address: Address; readonly abi: Abi | readonly unknown[]; readonly eventName: string },
): readonly T[] {
  return logs
    .filter((log) => sameAddress(log.address, address))
    .flatMap(({ topics, data }) => {
      try {
        const decoded = decodeEventLog({
          abi: abi as Abi,
          eventName,
          data,
          topics: topics as [`0x${string}`],
        });
        // viem goes by the topic alone.
        return decoded.eventName === eventName ? [decoded.args as T] : [];
      } catch {
        return [];
      }
    });
}
