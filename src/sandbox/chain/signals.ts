import { encodeFunctionData } from 'viem';
import { signTypedData } from 'viem/accounts';
import { riskController as riskControllerArtifact } from '../contracts/artifacts/deployed/RiskController.ts';
import type { Hex } from './rpc.ts';

/** One oracle signal for one pair. */
export interface OracleUpdate {
  readonly pairId: Hex;
  readonly referenceTick: number;
  /** Distance from the peg, in ticks. */
  readonly pegDeviation: bigint;
  /** In the token's smallest unit (6 decimals). */
  readonly orderbookDepthBid: bigint;
  readonly orderbookDepthAsk: bigint;
  /** Unix seconds: not in the chain's future, and above the pair's last. */
  readonly timestamp: bigint;
  /** Above the pair's last. */
  readonly nonce: bigint;
}

const types = {
  EIP712Domain: [
    { name: 'name', type: 'string' },
    { name: 'version', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ],
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

export interface SignalDomain {
  readonly chainId: number;
  /** The proxy's address, where there is one. */
  readonly riskController: Hex;
}

/** The EIP-712 typed data that an oracle signs. */
export function oracleTypedData({ chainId, riskController }: SignalDomain, update: OracleUpdate) {
  return {
    domain: {
      name: 'TempoVaultRiskController',
      version: '1',
      chainId: BigInt(chainId),
      verifyingContract: riskController,
    },
    types,
    primaryType: 'OracleUpdate',
    message: update,
  } as const;
}

export interface SignOracleUpdateParameters extends SignalDomain {
  readonly privateKey: Hex;
  readonly update: OracleUpdate;
}

export function signOracleUpdate({
  privateKey,
  update,
  ...domain
}: SignOracleUpdateParameters): Promise<Hex> {
  return signTypedData({ privateKey, ...oracleTypedData(domain, update) });
}

/** Call data of `updateOracleSignal` for a signed signal; the same in both generations. Anybody may send it. */
export function encodeOracleUpdate(update: OracleUpdate, signature: Hex): Hex {
  const { pairId, ...signal } = update;
  return encodeFunctionData({
    abi: riskControllerArtifact.abi,
    functionName: 'updateOracleSignal',
    args: [pairId, signal, signature],
  });
}
