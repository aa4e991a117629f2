import { toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { type LogOrigin, newestLogs, originOf, type RawLog } from '../newestLogs.ts';
import { parseHex } from '../parseAnswer.ts';

const tripped = toEventSelector('CircuitBreakerTriggered(bytes32,address)');
const reset = toEventSelector('CircuitBreakerReset(bytes32,address)');
/** Events are decoration of a breaker's state: they are not waited for longer than this, in milliseconds. */
const limitMs = 4_000;

export type BreakerChange = LogOrigin & {
  readonly kind: 'tripped' | 'reset';
  readonly transaction: `0x${string}`;
};

export interface BreakerEvents {
  /** The newest change of each pair. */
  readonly last: ReadonlyMap<`0x${string}`, BreakerChange>;
  /** The first block whose events were read; null where none could be. */
  readonly since: number | null;
  /** Why earlier ones were not read; undefined where all were. */
  readonly unknown: string | undefined;
}

/**
 * Who tripped or reset which breaker, from the events of the risk controller, newest first: in one
 * request where the node allows, else as far back as its limits and the time allow.
 * @param head the newest block
 */
export async function readBreakerEvents(
  chain: Chain,
  { riskController, head }: { readonly riskController: Address; readonly head: number },
): Promise<BreakerEvents> {
  const { logs, since, unknown } = await newestLogs(chain, {
    address: riskController,
    topics: [[tripped, reset]],
    fromBlock: 0,
    toBlock: head,
    firstWidth: head + 1,
    limitMs,
  });
  return { last: newest(logs), since, unknown };
}

function newest(entries: readonly RawLog[]): Map<`0x${string}`, BreakerChange> {
  const last = new Map<`0x${string}`, BreakerChange>();
  // In the order of the chain, so that later ones replace earlier ones.
  for (const log of entries) {
    const topics = Array.isArray(log['topics']) ? log['topics'] : [];
    last.set(parseHex(topics[1], 'pair', 32), {
      kind: topics[0] === tripped ? 'tripped' : 'reset',
      ...originOf(log, topics[2]),
      transaction: parseHex(log['transactionHash'], 'transaction hash', 32),
    });
  }
  return last;
}
