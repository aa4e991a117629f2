import { decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem';
import type { Rpc } from '../../chain/rpc.ts';

/** What the services use of the protocol's contracts, in both generations. */
export const protocolAbi = parseAbi([
  'struct OracleSignal { int16 referenceTick; uint256 pegDeviation; uint256 orderbookDepthBid; uint256 orderbookDepthAsk; uint256 timestamp; uint256 nonce; }',
  'function pairCircuitBroken(bytes32) view returns (bool)',
  'function circuitBroken(bytes32) view returns (bool)',
  'function latestSignals(bytes32) view returns (int16 referenceTick, uint256 pegDeviation, uint256 orderbookDepthBid, uint256 orderbookDepthAsk, uint256 timestamp, uint256 nonce)',
  'function oracleNonces(bytes32) view returns (uint256)',
  'function oracleLastTimestamp(bytes32) view returns (uint256)',
  'function oracleStalenessThreshold() view returns (uint32)',
  'function updateOracleSignal(bytes32 pairId, OracleSignal signal, bytes signature)',
  'error ProtocolPaused()',
  'error PairCircuitBroken(bytes32 pairId)',
  'error OracleNonceReplay(bytes32 pairId, uint256 nonce, uint256 lastNonce)',
  'error OracleTimestampNotMonotonic(bytes32 pairId, uint256 timestamp, uint256 lastTimestamp)',
  'error OracleSignatureInvalid(address recovered, address expected)',
  'error InvalidParams()',
]);

type PairRead = 'pairCircuitBroken' | 'circuitBroken' | 'latestSignals';

/** Calls a view function that takes a pair's id. */
export async function readPair(rpc: Rpc, address: string, functionName: PairRead, pair: `0x${string}`) {
  const data = encodeFunctionData({ abi: protocolAbi, functionName, args: [pair] });
  const answer = (await rpc('eth_call', [{ to: address, data }, 'latest'])) as `0x${string}`;
  return decodeFunctionResult({ abi: protocolAbi, functionName, data: answer });
}
