import type { Address } from '../config/settings.ts';
import { quantityOf, textOf } from './parseAnswer.ts';

/** A topic, one of several, or any. */
export type TopicFilter = readonly (`0x${string}` | readonly `0x${string}`[] | null)[];

export interface LogFilter {
  readonly addresses: readonly Address[];
  /** Default: any. */
  readonly topics?: TopicFilter;
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
}

/**
 * What of a returned log was not asked for, in words; undefined where all of it was. A node that ignores a part of a
 * filter would show what others did as that of an account, and logs of others as those of the protocol.
 */
export function notAskedFor(log: Readonly<Record<string, unknown>>, filter: LogFilter): string | undefined {
  const { addresses, topics = [], fromBlock, toBlock } = filter;
  const block = quantityOf(log['blockNumber']) ?? -1;
  if (block < fromBlock || block > toBlock) {
    return `a log of block ${block < 0 ? 'unknown' : block}, outside of the blocks asked for`;
  }
  const address = textOf(log['address']).toLowerCase();
  if (!addresses.some((one) => one.toLowerCase() === address)) {
    return 'a log of a contract that was not asked for';
  }
  const own: readonly unknown[] = Array.isArray(log['topics']) ? log['topics'] : [];
  const fits = topics.every((wanted, index) => {
    if (wanted === null) return true;
    const topic = textOf(own[index]).toLowerCase();
    return [wanted].flat().some((one) => one.toLowerCase() === topic);
  });
  return fits ? undefined : 'a log with topics that were not asked for';
}
