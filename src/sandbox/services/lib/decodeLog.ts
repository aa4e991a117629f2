import { decodeEventLog } from 'viem';
import { type EventData, protocolEvents, unserialisable } from './protocolEvents.ts';

/**
 * Which events the indexer stores. `complete`: every kind that has a table of its own. `lossy`, as the
 * deployed program does: every kind that it can decode and serialise, with or without a table.
 */
export type IndexerForm = 'complete' | 'lossy';

/** A log as a node answers it. */
export interface RawLog {
  readonly address: string;
  readonly topics: readonly `0x${string}`[];
  readonly data: `0x${string}`;
  readonly blockNumber: string;
  /** Left out by older nodes. */
  readonly blockTimestamp?: string;
  readonly transactionHash: string;
  readonly logIndex: string;
}

export interface DecodedEvent {
  readonly type: string;
  readonly table: string | undefined;
  readonly data: EventData;
  /** The child table's own columns. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly contract: string;
  readonly blockNumber: number;
  readonly transactionHash: string;
  readonly logIndex: number;
}

/** An event that the lossy form decodes and cannot store. */
export class UnstorableEvent extends Error {
  override readonly name = 'UnstorableEvent';
  readonly event: string;
  constructor(event: string, reason: string) {
    super(reason);
    this.event = event;
  }
}

/**
 * Undefined for a log that this form does not index.
 * @throws UnstorableEvent
 */
export function decodeLog(log: RawLog, form: IndexerForm): DecodedEvent | undefined {
  const [selector, ...indexed] = log.topics;
  const event = selector === undefined ? undefined : protocolEvents.get(selector);
  if (selector === undefined || event === undefined) return undefined;
  if (form === 'complete' && event.table === undefined) return undefined;
  const reason = form === 'lossy' ? unserialisable(event) : undefined;
  if (reason !== undefined) throw new UnstorableEvent(event.abi.name, reason);
  const { args } = decodeEventLog({ abi: [event.abi], data: log.data, topics: [selector, ...indexed] });
  const data = plain(args) as EventData;
  const values = event.values(data);
  return {
    type: event.abi.name,
    table: event.table,
    data,
    row: Object.fromEntries(event.columns.map((column, index) => [column, values[index]])),
    contract: log.address.toLowerCase(),
    blockNumber: Number(log.blockNumber),
    transactionHash: log.transactionHash.toLowerCase(),
    logIndex: Number(log.logIndex),
  };
}

/** JSON has no integers of 256 bits: they become decimal text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
