import { type AbiEvent, parseAbi, toEventSelector } from 'viem';

type Value = string | number | boolean;
/** Arguments by name, integers beyond 48 bits as decimal text, structs as nested objects. */
export interface EventData {
  readonly [name: string]: Value | EventData;
}

export interface ProtocolEvent {
  /** The child table of this kind; undefined where only the raw table holds it. */
  readonly table: string | undefined;
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
  // As the runbook's build has it, and as the full one.
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid)',
  'event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, int16 tick, uint128 amount, bool isBid, bool isFlip)',
]);

/** Events without a table of their own: the lossy form keeps those that it can serialise in `events`. */
const otherAbi = parseAbi([
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event OracleNonceAdvanced(bytes32 indexed pairId, uint256 oldNonce, uint256 newNonce)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
  'event Paused(address account)',
  'event Unpaused(address account)',
  'event PairConfigured(bytes32 indexed pairId, address tokenA, address tokenB)',
  'event OrderCancelled(bytes32 indexed pairId, uint128 indexed orderId)',
  'event EmergencyUnwound(bytes32 indexed pairId, address indexed by, uint256 amountA, uint256 amountB)',
  'event EmergencyReturnReceived(uint256 indexed vaultId, address indexed token, uint256 amount, bytes32 indexed pairId)',
  'event LiquidityDeployed(bytes32 indexed pairId, uint128[] orderIds)',
  'event TokenApproved(address indexed token, bool approved)',
  'event StrategyApproved(address indexed strategy, bool approved)',
  'event FeesDistributed(uint256 indexed vaultId, address indexed token, uint256 amount)',
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
      // Null with the full build, whose event has none.
      token: 'token',
      amount: 'amount',
      tick: 'tick',
      is_bid: 'isBid',
    },
  },
};

/** Every event that the indexer can decode, by the log's first topic. Other logs are left out. */
export const protocolEvents: ReadonlyMap<string, ProtocolEvent> = new Map(
  [...abi, ...otherAbi].map((event: AbiEvent) => {
    const mapping = mappings[event.name];
    const columns = mapping?.columns ?? {};
    const sources = Object.values(columns);
    return [
      toEventSelector(event),
      {
        table: mapping?.table,
        columns: Object.keys(columns),
        values: (data) => sources.map((source) => (typeof source === 'string' ? pick(data, source) : source)),
        abi: event,
      },
    ];
  }),
);

/** Every table that events go to, with its own columns. */
export const eventTables: ReadonlyMap<string, readonly string[]> = new Map(
  [...protocolEvents.values()].flatMap(({ table, columns }) =>
    table === undefined ? [] : [[table, columns]],
  ),
);

/**
 * Why the lossy form cannot store a kind, in the words of Python's `json` module, which knows no
 * `bytes` (a `bytes32` argument) and none of web3.py's structs; undefined where it can.
 */
export function unserialisable({ abi: event }: ProtocolEvent): string | undefined {
  const odd = event.inputs.find(({ type }) => /^(bytes|tuple)/.test(type));
  if (odd === undefined) return undefined;
  const type = odd.type.startsWith('tuple') ? 'AttributeDict' : 'bytes';
  return `Object of type ${type} is not JSON serializable`;
}

function pick(data: EventData, path: string): Value | EventData | undefined {
  let value: Value | EventData | undefined = data;
  for (const name of path.split('.')) {
    value = typeof value === 'object' ? value[name] : undefined;
  }
  return value;
}
