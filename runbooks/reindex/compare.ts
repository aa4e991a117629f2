import { compareEvents, type EventComparison } from '../../src/chain/compareEvents.ts';
import { indexedEvents } from '../../src/chain/events.ts';
import { type ChainLog, readLogs } from '../../src/chain/readLogs.ts';
import type { Address } from '../../src/config/settings.ts';
import type { EventSchema } from '../../src/database/eventSchema.ts';
import { readEvents } from '../../src/database/readEvents.ts';
import type { Context, Progress } from '../../src/runbook/context.ts';

export interface CompareParameters {
  readonly schema: EventSchema;
  readonly contracts: readonly Address[];
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** The protocol's logs on the chain against the rows in the database, over the same blocks. */
export function compareWithChain(ctx: Context, parameters: CompareParameters): Promise<EventComparison> {
  const { schema, contracts, fromBlock, toBlock, onProgress } = parameters;
  return compareEvents({
    chain: readLogs(ctx.chain(), {
      fromBlock,
      toBlock,
      addresses: contracts,
      signal: ctx.signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    }),
    database: readEvents(ctx.database(), { schema, fromBlock, toBlock }),
    keeps: keeps(schema),
  });
}

/** Which logs the indexer keeps: those of a kind that has a table here. */
export function keeps(schema: EventSchema): (log: ChainLog) => boolean {
  const tables = new Set(schema.tables.map(({ name }) => name));
  const kept = new Set(
    indexedEvents.filter(({ table }) => schema.raw !== null || tables.has(table)).map(({ name }) => name),
  );
  return ({ event }) => event !== undefined && kept.has(event);
}
