import { getAddress, toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { describeRpcError } from '../describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';
import { rpcFailure } from '../rpcFailure.ts';

const tripped = toEventSelector('CircuitBreakerTriggered(bytes32,address)');
const reset = toEventSelector('CircuitBreakerReset(bytes32,address)');
/** Providers that refuse the whole chain allow one of these, in blocks. */
const shorterRanges = [90_000, 9_000, 900];

export type BreakerChange = {
  readonly kind: 'tripped' | 'reset';
  readonly by: Address;
  readonly block: number;
  readonly transaction: `0x${string}`;
  /** Seconds since 1970; null where the node does not tell. */
  readonly at: number | null;
};

export interface BreakerEvents {
  /** The newest change of each pair. */
  readonly last: ReadonlyMap<`0x${string}`, BreakerChange>;
  /** Where the look back began: 0, or later where the node refuses to look at the whole chain. */
  readonly since: number;
}

/**
 * Who tripped or reset which breaker, from the events of the risk controller: in one request where
 * the node allows, else from the longest stretch that it does.
 * @throws TvError where no node answers
 */
export async function readBreakerEvents(chain: Chain, riskController: Address): Promise<BreakerEvents> {
  const whole = await logs(chain, riskController, 0);
  if (whole !== undefined) return { last: newest(whole), since: 0 };
  const head = parseQuantity(await chain.client.request({ method: 'eth_blockNumber' }), 'block number');
  const starts = shorterRanges.map((blocks) => Math.max(0, head - blocks));
  const answers = await Promise.all(starts.map((from) => logs(chain, riskController, from)));
  const index = answers.findIndex((answer) => answer !== undefined);
  return { last: newest(answers[index] ?? []), since: starts[index] ?? head };
}

async function logs(chain: Chain, address: Address, from: number): Promise<readonly unknown[] | undefined> {
  try {
    const answer: unknown = await chain.client.request({
      method: 'eth_getLogs',
      params: [
        { address, topics: [[tripped, reset]], fromBlock: `0x${from.toString(16)}`, toBlock: 'latest' },
      ],
    });
    if (!Array.isArray(answer)) throw misfit(answer, 'list of logs');
    return answer;
  } catch (error) {
    const { kind } = rpcFailure(error);
    if (['too-wide', 'too-much', 'timeout', 'pruned', 'rejected'].includes(kind)) return undefined;
    throw describeRpcError(error, chain);
  }
}

function newest(entries: readonly unknown[]): Map<`0x${string}`, BreakerChange> {
  const last = new Map<`0x${string}`, BreakerChange>();
  // In the order of the chain, so that later ones replace earlier ones.
  for (const entry of entries) {
    const log = parseObject(entry, 'log');
    const topics = Array.isArray(log['topics']) ? log['topics'] : [];
    const at = log['blockTimestamp'];
    last.set(parseHex(topics[1], 'pair', 32), {
      kind: topics[0] === tripped ? 'tripped' : 'reset',
      by: getAddress(`0x${parseHex(topics[2], 'address', 32).slice(-40)}`),
      block: parseQuantity(log['blockNumber'], 'block number'),
      transaction: parseHex(log['transactionHash'], 'transaction hash', 32),
      at: typeof at === 'string' ? parseQuantity(at, 'block time') : null,
    });
  }
  return last;
}
