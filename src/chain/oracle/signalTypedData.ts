import type { Hex } from 'viem';
import type { Address } from '../../config/settings.ts';

const types = {
  OracleUpdate: [
    { name: 'pairId', type: 'bytes32' },
    { name: 'referenceTick', type: 'int16' },
    { name: 'pegDeviation', type: 'uint256' },
    { name: 'orderbookDepthBid', type: 'uint256' },
    { name: 'orderbookDepthAsk', type: 'uint256' },
    { name: 'timestamp', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
  ],
} as const;

/** A signal as the risk controller takes it. */
export interface OracleSignal {
  readonly referenceTick: number;
  readonly pegDeviation: bigint;
  /** In the token's smallest unit. */
  readonly orderbookDepthBid: bigint;
  readonly orderbookDepthAsk: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly nonce: bigint;
}

/** The EIP-712 data that an oracle signs, as the risk controller recovers it. */
export function signalTypedData(parameters: {
  readonly chainId: number;
  readonly riskController: Address;
  readonly pair: Hex;
  readonly signal: OracleSignal;
}) {
  const { chainId, riskController, pair, signal } = parameters;
  return {
    domain: { name: 'TempoVaultRiskController', version: '1', chainId, verifyingContract: riskController },
    types,
    primaryType: 'OracleUpdate',
    message: { pairId: pair, ...signal },
  } as const;
}
