import { parseAbi, toEventSelector } from 'viem';

/** The events of the protocol's contracts that the indexer keeps, in both generations. */
export const eventsAbi = parseAbi([
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
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid)',
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

/** Logs of any other kind (`OracleNonceAdvanced`, `GlobalPauseToggled`, role changes) are not kept. */
export const indexedEvents: readonly IndexedEvent[] = eventsAbi.map((event) => ({
  name: event.name,
  topic: toEventSelector(event),
  table: tables[event.name],
}));

const byTopic = new Map(indexedEvents.map((event) => [event.topic, event]));

export function eventByTopic(topic: `0x${string}` | undefined): IndexedEvent | undefined {
  return topic === undefined ? undefined : byTopic.get(topic);
}
