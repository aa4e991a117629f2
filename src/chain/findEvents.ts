import type { Address } from '../config/settings.ts';
import type { Chain } from '../runbook/context.ts';
import type { TopicFilter } from './askedFor.ts';
import { accountInDataTopics } from './events.ts';
import { newestLogs, type RawLog } from './newestLogs.ts';
import { eventParser, type ParsedEvent } from './readProtocolEvents.ts';

/** Blocks of the first request. */
const firstWidth = 2_000;

export interface FindEventsParameters {
  readonly addresses: readonly Address[];
  /** An event that fits one of them is found. */
  readonly filters: readonly TopicFilter[];
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
  /** No more than these, the newest. */
  readonly most: number;
  /** Of each filter's reading, in milliseconds. */
  readonly limitMs: number;
  /** Of the events that fit a filter, those of interest. */
  readonly isWanted?: (event: ParsedEvent) => boolean;
}

export interface FoundEvents {
  /** In the order of the chain. */
  readonly events: readonly ParsedEvent[];
  /** From this block on everything was read; null where that is true of no block. */
  readonly since: number | null;
  /** Why the blocks before `since` were not read, without a full stop; null where they were, or were not asked for. */
  readonly reason: string | null;
  /** There are more than `most`: those before `since` were left out. */
  readonly isCut: boolean;
}

/** Events of the protocol's contracts by their topics, from the newest block backwards. */
export async function findEvents(chain: Chain, parameters: FindEventsParameters): Promise<FoundEvents> {
  const { addresses, filters, fromBlock, toBlock, most, limitMs, isWanted = () => true } = parameters;
  const parse = eventParser(chain);
  const read = await Promise.all(
    filters.map(async (topics) => {
      // Whether it is enough is asked after each response, of all logs so far: each is parsed once.
      const parsed = new Map<RawLog, ParsedEvent>();
      const eventOf = (log: RawLog) => {
        const known = parsed.get(log);
        if (known !== undefined) return known;
        const event = parse(log);
        parsed.set(log, event);
        return event;
      };
      const wanted = (logs: readonly RawLog[]) => logs.map(eventOf).filter(isWanted);
      const found = await newestLogs(chain, {
        ...{ address: addresses, topics, fromBlock, toBlock, firstWidth, limitMs },
        isEnough: (logs) => wanted(logs).length > most,
      });
      return { ...found, events: wanted(found.logs) };
    }),
  );
  const isReturning = read.some(({ logs }) => logs.length > 0);
  const parts = read.map((part) =>
    part.isUntested === true && isReturning ? { ...part, since: fromBlock, unknown: undefined } : part,
  );
  const distinct = new Map(
    parts.flatMap(({ events }) => events).map((each) => [`${each.transactionHash} ${each.logIndex}`, each]),
  );
  const all = [...distinct.values()].toSorted((a, b) => a.block - b.block || a.logIndex - b.logIndex);
  const events = all.slice(-most);
  const isCut = events.length < all.length;
  const sinces = parts.map(({ since }) => since);
  const readSince = sinces.includes(null) ? null : Math.max(...(sinces as number[]));
  const since = readSince === null || !isCut ? readSince : Math.max(readSince, events[0]?.block ?? 0);
  const reason = parts.find(({ unknown }) => unknown !== undefined)?.unknown ?? null;
  return { events, since, reason, isCut };
}

/** The filters that find every event of the contracts that names an account. */
export function accountFilters(account: Address): readonly TopicFilter[] {
  const word = `0x${account.slice(2).toLowerCase().padStart(64, '0')}` as const;
  return [[null, word], [null, null, word], [null, null, null, word], [accountInDataTopics]];
}

/** Names of the arguments that hold an account. */
export function argumentsNaming({ args }: Pick<ParsedEvent, 'args'>, account: Address): readonly string[] {
  return Object.entries(args)
    .filter(([, value]) => value.toLowerCase() === account.toLowerCase())
    .map(([name]) => name);
}
