import type { Address } from '../../../src/config/settings.ts';
import type { EventSchema } from '../../../src/database/eventSchema.ts';
import type { UnpairedRows } from '../../../src/database/findUnpairedRows.ts';
import { type EventKind, readEventKinds } from '../../../src/database/readEventKinds.ts';
import { readProgress } from '../../../src/database/readProgress.ts';
import { TimeoutError } from '../../../src/errors/TvError.ts';
import type { Finding } from '../../../src/runbook/check.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';
import { count, howMany } from '../../../src/text/format.ts';
import { doubtsOf } from '../check.ts';
import { compareWithChain, unpairedRows } from '../compare.ts';

/** How long the preflight reads logs, in milliseconds; a longer history is read on after the clearing. */
const budgetMs = 20_000;

export interface LogsParameters {
  readonly chain: { readonly head: number; readonly contracts: readonly Address[] };
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly signal: AbortSignal;
}

/** For the facts of a reindex, which explain each. */
export type LogsValue = {
  readonly kinds: readonly EventKind[];
  readonly kindsUpTo: number;
  readonly unpaired: readonly UnpairedRows[];
  readonly surplus: Readonly<Record<string, number>> | null;
};

/**
 * Reads the logs that the indexer will ask for, in ranges as wide as the node allows, and compares them
 * with the rows that are to be cleared. A row whose log the node does not return would be lost.
 */
export async function checkLogs(ctx: Context, parameters: LogsParameters): Promise<Finding<LogsValue>> {
  const { chain, schema, fromBlock, signal } = parameters;
  const { block: indexed } = await readProgress(ctx.database(), { schema });
  const toBlock = Math.min(chain.head, indexed ?? chain.head);
  const kinds = await readEventKinds(ctx.database(), { schema, fromBlock, toBlock });
  const unpaired = await unpairedRows(ctx, { schema, fromBlock: 0, toBlock });
  const before = { kinds, kindsUpTo: toBlock, unpaired };
  if (toBlock < fromBlock) {
    return pass('no block of the range is indexed yet', { ...before, surplus: {} });
  }
  const budget = new AbortController();
  const timer = setTimeout(() => budget.abort(new TimeoutError('out of time')), budgetMs);
  let read = 0;
  try {
    const comparison = await compareWithChain(ctx, {
      schema,
      contracts: chain.contracts,
      fromBlock,
      toBlock,
      explain: false,
      signal: AbortSignal.any([signal, budget.signal]),
      onProgress: ({ done }) => {
        read = done;
      },
    });
    const doubts = doubtsOf(comparison);
    if (doubts.length > 0) {
      return block(`rows to be cleared might not come back: ${doubts.join('; ')}`, {
        next: [
          {
            when: 'set RPC_URL, or chain.rpcUrls, to a node with all logs (an archive node)',
            tv: ['config', 'show'],
          },
          { when: 'see which rows', tv: ['reindex', 'check', '--from-block', String(fromBlock)] },
        ],
        override: 'incomplete-logs',
        value: { ...before, surplus: null },
      });
    }
    const { surplus, matched } = comparison;
    const byKind: Record<string, number> = {};
    for (const { kind, table } of surplus.first) {
      byKind[kind ?? table] = (byKind[kind ?? table] ?? 0) + 1;
    }
    const value = { ...before, surplus: byKind };
    const range = `blocks ${count(fromBlock)} to ${count(toBlock)}`;
    const [first] = surplus.first;
    if (first !== undefined) {
      return warn(
        `${howMany(surplus.total, 'row')} of ${range} ${surplus.total === 1 ? 'is' : 'are'} not on the chain and will not come back; the first in block ${count(first.block)}, ${first.reason}`,
        { value },
      );
    }
    return pass(`of ${range} all served; ${howMany(matched, 'stored event')} found among them`, value);
  } catch (error) {
    if (!budget.signal.aborted) throw error;
    return warn(
      `${count(read)} of ${count(toBlock - fromBlock + 1)} blocks read in ${budgetMs / 1000} s, all served; the rest is compared afterwards`,
      { value: { ...before, surplus: null } },
    );
  } finally {
    clearTimeout(timer);
  }
}
