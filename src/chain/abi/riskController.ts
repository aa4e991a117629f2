import { parseAbi } from 'viem';

/** The risk controller of both generations; which functions are there is asked of the bytecode. */
export const riskControllerAbi = parseAbi([
  // Both.
  'function latestSignals(bytes32 pair) view returns (int16 referenceTick, uint256 pegDeviation, uint256 orderbookDepthBid, uint256 orderbookDepthAsk, uint256 timestamp, uint256 nonce)',
  'function oracleNonces(bytes32 pair) view returns (uint256)',
  'function oracleLastTimestamp(bytes32 pair) view returns (uint256)',
  'function oracleStalenessThreshold() view returns (uint32)',
  'function pairId(address tokenA, address tokenB) pure returns (bytes32)',
  'struct OracleSignal { int16 referenceTick; uint256 pegDeviation; uint256 orderbookDepthBid; uint256 orderbookDepthAsk; uint256 timestamp; uint256 nonce; }',
  'function updateOracleSignal(bytes32 pair, OracleSignal signal, bytes signature)',
  'event OracleSignalUpdated(bytes32 indexed pairId, OracleSignal signal, uint256 nonce)',
  'event OracleNonceAdvanced(bytes32 indexed pairId, uint256 oldNonce, uint256 newNonce)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed by)',
  // As deployed.
  'function pairCircuitBroken(bytes32 pair) view returns (bool)',
  'function triggerCircuitBreaker(bytes32 pair)',
  'function resetCircuitBreaker(bytes32 pair)',
  'function toggleGlobalPause(bool pause)',
  'function paused() view returns (bool)',
  'event GlobalPauseToggled(bool paused, address indexed by)',
  // Limits that only some builds return.
  'function maxTickDeviation() view returns (int16)',
  'function minDepthThreshold() view returns (uint256)',
  // As the runbook has it.
  'function circuitBroken(bytes32 pair) view returns (bool)',
  'function setCircuitBreaker(bytes32 pair, bool broken)',
  'function setOracleAddress(address oracle)',
  'function oracleAddress() view returns (address)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
]);

/** What `latestSignals` answers: the six fields, zero where there never was one. */
export type SignalAnswer = readonly [
  referenceTick: number,
  pegDeviation: bigint,
  orderbookDepthBid: bigint,
  orderbookDepthAsk: bigint,
  timestamp: bigint,
  nonce: bigint,
];
