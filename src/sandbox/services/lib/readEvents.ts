import type { Address } from '../../../config/settings.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { type DecodedEvent, decodeLog, type IndexerForm, type RawLog, UnstorableEvent } from './decodeLog.ts';

export interface StampedEvent extends DecodedEvent {
  /** Unix time in seconds. */
  readonly blockTimestamp: number;
}

export interface ReadEventsParameters {
  readonly addresses: readonly Address[];
  /** Both included. */
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Default `complete`. */
  readonly form?: IndexerForm;
  /** Called for each event that the lossy form leaves out. */
  readonly onUnstorable?: (error: UnstorableEvent, block: number) => void;
}

/** The indexed events of a range of blocks, in the chain's order, with one eth_getLogs. */
export async function readEvents(rpc: Rpc, parameters: ReadEventsParameters): Promise<StampedEvent[]> {
  const { addresses, fromBlock, toBlock, form = 'complete', onUnstorable } = parameters;
  const logs = (await rpc('eth_getLogs', [
    { address: addresses, fromBlock: hex(fromBlock), toBlock: hex(toBlock) },
  ])) as readonly RawLog[];
  const times = new Map<number, number>();
  const events: StampedEvent[] = [];
  for (const log of logs) {
    const event = tryDecode(log);
    if (event === undefined) continue;
    const known =
      log.blockTimestamp === undefined ? times.get(event.blockNumber) : Number(log.blockTimestamp);
    const blockTimestamp = known ?? (await readTime(rpc, event.blockNumber));
    times.set(event.blockNumber, blockTimestamp);
    events.push({ ...event, blockTimestamp });
  }
  return events;

  function tryDecode(log: RawLog): DecodedEvent | undefined {
    try {
      return decodeLog(log, form);
    } catch (error) {
      if (!(error instanceof UnstorableEvent)) throw error;
      onUnstorable?.(error, Number(log.blockNumber));
      return undefined;
    }
  }
}

async function readTime(rpc: Rpc, block: number): Promise<number> {
  const answer = (await rpc('eth_getBlockByNumber', [hex(block), false])) as { timestamp: string } | null;
  if (answer === null) throw new Error(`block ${block} is not there`);
  return Number(answer.timestamp);
}

/** A block number as JSON-RPC wants it. */
function hex(block: number): string {
  return `0x${block.toString(16)}`;
}
