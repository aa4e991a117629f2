import { decodeEventLog, parseAbi, toEventSelector } from 'viem';

/** The events of the protocol's contracts that the indexer keeps, in both generations. */
const eventsAbi = parseAbi([
  'struct OracleSignal { int16 referenceTick; uint256 pegDeviation; uint256 orderbookDepthBid; uint256 orderbookDepthAsk; uint256 timestamp; uint256 nonce; }',
  'event Deposited(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed depositor, uint256 newBalance)',
  'event Withdrawn(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance)',
  'event CapitalDeployed(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed strategy, address token, uint256 amount, bytes32 pairId)',
  'event CapitalRecalled(uint256 indexed vaultId, uint256 indexed deploymentId, uint256 amount)',
  'event LossRealized(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed token, uint256 expected, uint256 received, uint256 loss)',
  'event PerformanceFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 total)',
  'event ManagementFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 total)',
  'event OracleSignalUpdated(bytes32 indexed pairId, OracleSignal signal, uint256 nonce)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed by)',
  // As the runbook's build has it, and as the full one.
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid)',
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, int16 tick, uint128 amount, bool isBid, bool isFlip)',
]);

export type EventName = (typeof eventsAbi)[number]['name'];

/** Where the indexer puts each kind, in both forms of the schema. */
const tables: Readonly<Record<EventName, string>> = {
  Deposited: 'deposits',
  Withdrawn: 'withdrawals',
  CapitalDeployed: 'deployments',
  CapitalRecalled: 'recalls',
  LossRealized: 'losses',
  PerformanceFeeAccrued: 'performance_fees',
  ManagementFeeAccrued: 'management_fees',
  OracleSignalUpdated: 'oracle_updates',
  CircuitBreakerTriggered: 'circuit_breakers',
  CircuitBreakerReset: 'circuit_breakers',
  OrderPlaced: 'orders_placed',
};

export interface IndexedEvent {
  readonly name: EventName;
  /** The log's first topic: the hash of the event's signature. */
  readonly topic: `0x${string}`;
  readonly table: string;
}

/** The kinds with a table of their own. An indexer may store others too: `eventName` names those. */
export const indexedEvents: readonly IndexedEvent[] = eventsAbi.map((event) => ({
  name: event.name,
  topic: toEventSelector(event),
  table: tables[event.name],
}));

const byTopic = new Map(indexedEvents.map((event) => [event.topic, event]));

export function eventByTopic(topic: `0x${string}` | undefined): IndexedEvent | undefined {
  return topic === undefined ? undefined : byTopic.get(topic);
}

/** Kinds without a table of their own, as far as their signatures are known: for their names. */
const otherEventsAbi = parseAbi([
  'event OracleNonceAdvanced(bytes32 indexed pairId, uint256 oldNonce, uint256 newNonce)',
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole)',
  'event Paused(address account)',
  'event Unpaused(address account)',
  'event PairConfigured(bytes32 indexed pairId, address tokenA, address tokenB)',
  'event OrderCancelled(bytes32 indexed pairId, uint128 indexed orderId)',
  'event LiquidityDeployed(bytes32 indexed pairId, uint128[] orderIds)',
  'event EmergencyUnwound(bytes32 indexed pairId, address indexed by, uint256 amountA, uint256 amountB)',
  'event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)',
  'event Initialized(uint64 version)',
  'event Upgraded(address indexed implementation)',
]);

const allEventsAbi = [...eventsAbi, ...otherEventsAbi] as const;

const allEvents = new Map(
  allEventsAbi.map((event) => [
    toEventSelector(event),
    { name: event.name as string, opaque: event.inputs.some(({ type }) => /^(bytes|tuple)/.test(type)) },
  ]),
);

/**
 * Topics of the events that name an account in their data, where no filter by topics finds it. Tokens are left out:
 * every order names one.
 */
export const accountInDataTopics: readonly `0x${string}`[] = allEventsAbi
  .filter(({ inputs }) =>
    inputs.some(
      ({ type, name = '', ...rest }) =>
        type === 'address' && !('indexed' in rest && rest.indexed) && !name.startsWith('token'),
    ),
  )
  .map((event) => toEventSelector(event));

/** The name of an event by its topic; undefined where its signature is not known here. */
export function eventName(topic: `0x${string}` | undefined): string | undefined {
  return topic === undefined ? undefined : allEvents.get(topic)?.name;
}

const eventNames = new Set([...allEvents.values()].map(({ name }) => name));
const eventTableNames = new Set(Object.values(tables));

/** Whether this is the name of an event whose signature is known here. */
export function isEventName(name: string): boolean {
  return eventNames.has(name);
}

/** Whether the indexer puts a kind that is known here into a table of this name. */
export function isEventTable(name: string): boolean {
  return eventTableNames.has(name);
}

/**
 * Whether an event has a `bytes` or struct argument. Python's `json` serialises neither, so the deployed
 * indexer stores no such kind.
 */
export function hasOpaqueArgument(topic: `0x${string}` | undefined): boolean {
  return topic !== undefined && allEvents.get(topic)?.opaque === true;
}

/**
 * The arguments of an event by their names, in the order of its declaration; undefined where its signature is not
 * known here, or topics and data do not fit it.
 */
export function eventArguments(
  topics: readonly `0x${string}`[],
  data: `0x${string}`,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeEventLog({ abi: allEventsAbi, topics: topics as [`0x${string}`], data }).args;
  } catch {
    return undefined;
  }
}

/** A decoded argument in words; a struct as the list of its values. */
export function plainArgument(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(plainArgument).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.values(value).map(plainArgument).join(', ')}}`;
  return String(value);
}
