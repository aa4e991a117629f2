import { type AbiEvent, parseAbi, toEventSelector } from 'viem';

type Value = string | number | boolean;
/** Arguments by name, integers beyond 48 bits as decimal text, structs as nested objects. */
export interface EventData {
  readonly [name: string]: Value | EventData;
}

export interface ProtocolEvent {
  readonly table: string;
  readonly columns: readonly string[];
  /** The row's own columns, in the order of `columns`. */
  readonly values: (data: EventData) => readonly (Value | EventData | undefined)[];
  readonly abi: AbiEvent;
}

// biome-ignore format: one signature a line
const abi = parseAbi([
  'struct OracleSignal { int16 referenceTick; uint256 pegDeviation; uint256 orderbookDepthBid; uint256 orderbookDepthAsk; uint256 timestamp; uint256 nonce; }',
  'event Deposited(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed depositor, uint256 newBalance)',
  'event Withdrawn(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance)',
  'event CapitalDeployed(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed strategy, address token, uint256 amount, bytes32 pairId)',
  'event CapitalRecalled(uint256 indexed vaultId, uint256 indexed deploymentId, uint256 amount)',
  'event LossRealized(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed token, uint256 deployedAmount, uint256 recoveredAmount, uint256 lossAmount)',
  'event PerformanceFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued)',
  'event ManagementFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued)',
  'event OracleSignalUpdated(bytes32 indexed pairId, OracleSignal signal, uint256 nonce)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed actor)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed actor)',
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid)',
]);

interface Mapping {
  readonly table: string;
  /** Column → argument, `struct.field`, or a constant. */
  readonly columns: Readonly<Record<string, string | boolean>>;
}

const fee = { vault_id: 'vaultId', token: 'token', amount: 'amount', total_accrued: 'totalAccrued' };

const mappings: Readonly<Record<string, Mapping>> = {
  Deposited: {
    table: 'deposits',
    columns: {
      vault_id: 'vaultId',
      token: 'token',
      amount: 'amount',
      depositor: 'depositor',
      new_balance: 'newBalance',
    },
  },
  Withdrawn: {
    table: 'withdrawals',
    columns: {
      vault_id: 'vaultId',
      token: 'token',
      amount: 'amount',
      recipient: 'recipient',
      new_balance: 'newBalance',
    },
  },
  CapitalDeployed: {
    table: 'deployments',
    columns: {
      vault_id: 'vaultId',
      deployment_id: 'deploymentId',
      strategy: 'strategy',
      token: 'token',
      amount: 'amount',
      pair_id: 'pairId',
    },
  },
  CapitalRecalled: {
    table: 'recalls',
    columns: { vault_id: 'vaultId', deployment_id: 'deploymentId', amount: 'amount' },
  },
  LossRealized: {
    table: 'losses',
    columns: {
      vault_id: 'vaultId',
      deployment_id: 'deploymentId',
      token: 'token',
      deployed_amount: 'deployedAmount',
      recovered_amount: 'recoveredAmount',
      loss_amount: 'lossAmount',
    },
  },
  PerformanceFeeAccrued: { table: 'performance_fees', columns: fee },
  ManagementFeeAccrued: { table: 'management_fees', columns: fee },
  OracleSignalUpdated: {
    table: 'oracle_updates',
    columns: {
      pair_id: 'pairId',
      reference_tick: 'signal.referenceTick',
      peg_deviation: 'signal.pegDeviation',
      orderbook_depth_bid: 'signal.orderbookDepthBid',
      orderbook_depth_ask: 'signal.orderbookDepthAsk',
      signal_timestamp: 'signal.timestamp',
      nonce: 'nonce',
    },
  },
  CircuitBreakerTriggered: {
    table: 'circuit_breakers',
    columns: { pair_id: 'pairId', triggered: true, actor: 'actor' },
  },
  CircuitBreakerReset: {
    table: 'circuit_breakers',
    columns: { pair_id: 'pairId', triggered: false, actor: 'actor' },
  },
  OrderPlaced: {
    table: 'orders_placed',
    columns: {
      pair_id: 'pairId',
      order_id: 'orderId',
      token: 'token',
      amount: 'amount',
      tick: 'tick',
      is_bid: 'isBid',
    },
  },
};

/** What is indexed, by the log's first topic. Every other log of the protocol is left out. */
export const protocolEvents: ReadonlyMap<string, ProtocolEvent> = new Map(
  abi.map((event) => {
    const mapping = mappings[event.name];
    if (mapping === undefined) throw new Error(`no table for ${event.name}`);
    const sources = Object.values(mapping.columns);
    return [
      toEventSelector(event),
      {
        table: mapping.table,
        columns: Object.keys(mapping.columns),
        values: (data) => sources.map((source) => (typeof source === 'string' ? pick(data, source) : source)),
        abi: event,
      },
    ];
  }),
);

/** Every table that events go to, with its own columns. */
export const eventTables: ReadonlyMap<string, readonly string[]> = new Map(
  [...protocolEvents.values()].map(({ table, columns }) => [table, columns]),
);

function pick(data: EventData, path: string): Value | EventData | undefined {
  let value: Value | EventData | undefined = data;
  for (const name of path.split('.')) {
    value = typeof value === 'object' ? value[name] : undefined;
  }
  return value;
}
