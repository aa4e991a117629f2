import { encodeFunctionData } from 'viem';
import { signTypedData } from 'viem/accounts';
import { riskController as riskControllerArtifact } from '../contracts/artifacts/deployed/RiskController.ts';
import type { Hex } from './rpc.ts';

/** One oracle signal for one pair. */
export interface OracleUpdate {
  readonly pairId: Hex;
  readonly referenceTick: number;
  /** In hundredths of a basis point of the peg. */
  readonly pegDeviation: bigint;
  /** In the token's smallest unit (6 decimals). */
  readonly orderbookDepthBid: bigint;
  readonly orderbookDepthAsk: bigint;
  /** Unix seconds: not in the chain's future, and above the pair's last. */
  readonly timestamp: bigint;
  /** Above the pair's last. */
  readonly nonce: bigint;
}

export interface SignOracleUpdateParameters {
  readonly privateKey: Hex;
  readonly chainId: number;
  readonly riskController: Hex;
  readonly update: OracleUpdate;
}

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

/** Signs a signal as EIP-712 typed data, in the domain of `riskController` (the proxy's address, where there is one). */
export function signOracleUpdate(parameters: SignOracleUpdateParameters): Promise<Hex> {
  return signTypedData({
    privateKey: parameters.privateKey,
    domain: {
      name: 'TempoVaultRiskController',
      version: '1',
      chainId: parameters.chainId,
      verifyingContract: parameters.riskController,
    },
    types,
    primaryType: 'OracleUpdate',
    message: parameters.update,
  });
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
