import type { Address } from '../config/settings.ts';
import { exitCodes, UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import type { Progress } from '../runbook/events.ts';
import { contractAddresses, contractsOf } from './contracts.ts';
import { eventArguments, eventName, plainArgument } from './events.ts';
import type { ContractName } from './intents/intent.ts';
import { parseHex, parseQuantity } from './parseAnswer.ts';
import { readLogsAs } from './readLogs.ts';
import { sameAddress } from './sameAddress.ts';

/** An event of one of the protocol's contracts, decoded as far as its signature is known. */
export interface ProtocolEvent {
  readonly block: number;
  /** In milliseconds since 1970. */
  readonly at: number;
  /** False where the node does not put the time into its logs: then `at` is interpolated. */
  readonly isExact: boolean;
  readonly transactionHash: `0x${string}`;
  readonly logIndex: number;
  readonly contract: ContractName;
  /** Undefined where its signature is not known here. */
  readonly name: string | undefined;
  /** Undefined for an anonymous event. */
  readonly topic: `0x${string}` | undefined;
  /** By name, in words; empty where they cannot be decoded. */
  readonly args: Readonly<Record<string, string>>;
}

/** A block and its time, in milliseconds since 1970. */
export interface BlockTime {
  readonly number: number;
  readonly at: number;
}

/**
 * The events of the protocol's contracts between two blocks, in the order of the chain. Memory holds one request's
 * worth.
 * @param parameters.to included
 * @throws TvError as `readLogs` does
 */
export function readProtocolEvents(
  chain: Chain,
  {
    from,
    to,
    ...more
  }: {
    readonly from: BlockTime;
    readonly to: BlockTime;
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: Progress) => void;
  },
): AsyncGenerator<ProtocolEvent, void, void> {
  const perBlock = (to.at - from.at) / Math.max(1, to.number - from.number);
  const addresses = contractAddresses(chain);
  const parse = eventParser(chain);
  const parameters = { fromBlock: from.number, toBlock: to.number, addresses, ...more };
  return readLogsAs(chain, parameters, (entry): ProtocolEvent => {
    const { at, ...event } = parse(entry);
    return {
      ...event,
      at: at ?? from.at + (event.block - from.number) * perBlock,
      isExact: at !== null,
    };
  });
}

/** `at` is null where the node does not put the time into its logs. */
export type ParsedEvent = Omit<ProtocolEvent, 'at' | 'isExact'> & { readonly at: number | null };

/**
 * Reads logs of the protocol's contracts, one a call.
 * @returns a function that throws TvError where the log is malformed, or of another contract
 */
export function eventParser(
  chain: Pick<Chain, 'contracts'>,
): (entry: Readonly<Record<string, unknown>>) => ParsedEvent {
  const contracts = contractsOf(chain);
  return (entry) => {
    const topics = topicsOf(entry);
    const address = parseHex(entry['address'], 'address', 20) as Address;
    const time = entry['blockTimestamp'];
    const args = eventArguments(topics, parseHex(entry['data'] ?? '0x', 'data of a log')) ?? {};
    return {
      block: parseQuantity(entry['blockNumber'], 'block number'),
      at: typeof time === 'string' ? parseQuantity(time, 'block time') * 1000 : null,
      transactionHash: parseHex(entry['transactionHash'], 'transaction hash', 32),
      logIndex: parseQuantity(entry['logIndex'], 'log index'),
      // Only logs of these were asked for; one of another contract is none of the protocol's.
      contract: contracts.find((one) => sameAddress(one.address, address))?.name ?? foreign(address),
      name: eventName(topics[0]),
      topic: topics[0],
      args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, plainArgument(value)])),
    };
  };
}

/** @throws TvError where one is malformed */
function topicsOf(entry: Readonly<Record<string, unknown>>): readonly `0x${string}`[] {
  return (Array.isArray(entry['topics']) ? entry['topics'] : []).map((topic) => parseHex(topic, 'topic', 32));
}

function foreign(address: Address): never {
  throw new UnavailableError(
    'chain.unreliable-node',
    "The RPC node's eth_getLogs returned a log of a contract that was not asked for.",
    {
      facts: { contract: address },
      next: { when: 'set RPC_URL, or chain.rpcUrls, to another node', tv: ['config', 'show'] },
      exitCode: exitCodes.blocked,
    },
  );
}
