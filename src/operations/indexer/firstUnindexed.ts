import { hasOpaqueArgument } from '../../chain/events.ts';
import { type ChainLog, readLogs } from '../../chain/readLogs.ts';
import { testLogIndex } from '../../chain/testLogIndex.ts';
import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';

export interface FirstUnindexedParameters {
  /** The first block above the newest event in the database. */
  readonly fromBlock: number;
  /** The newest block. */
  readonly toBlock: number;
  readonly contracts: readonly Address[];
  /** Whether the indexer is meant to keep this log. */
  readonly keeps: (log: ChainLog) => boolean;
  /** Whether this indexer stores kinds with a struct argument: not every one can. */
  readonly storesOpaque: boolean;
  readonly signal: AbortSignal;
}

/**
 * The first block with an event that the indexer stores; null where the chain has none. Without a cursor this is how
 * far the indexer is behind: a quiet protocol has old rows, too.
 * @throws TvError where the logs cannot be read, or the node's log index is known to leave some out; the reason of
 * `signal`
 */
export async function firstUnindexed(
  chain: Chain,
  { fromBlock, toBlock, contracts, keeps, storesOpaque, signal }: FirstUnindexedParameters,
): Promise<number | null> {
  let logs = 0;
  for await (const log of readLogs(chain, { fromBlock, toBlock, addresses: contracts, signal })) {
    logs += 1;
    if (keeps(log) && (storesOpaque || !hasOpaqueArgument(log.topic))) return log.block;
  }
  if (logs > 0) return null;
  const verdict = await testLogIndex(chain, { fromBlock, toBlock });
  if (verdict.is === 'broken') throw new TvError('chain.unreliable-node', `${verdict.reason}.`);
  return null;
}
