import { type Abi, encodeFunctionData, parseAbi } from 'viem';
import type { RoleName } from '../signers/signer.ts';
import type { ContractName, IntentRequest } from './intent.ts';

/** A function that may fulfil an intent, if the contract has it. */
export interface Candidate {
  readonly contract: ContractName;
  readonly signature: string;
  readonly role: RoleName;
  readonly args: readonly unknown[];
}

/**
 * The functions of both generations for an intent, the one to be preferred first.
 * @param oracleRole the registry's own constant
 */
export function candidates(request: IntentRequest, oracleRole: `0x${string}`): readonly Candidate[] {
  switch (request.intent) {
    case 'tripBreaker':
      return breaker('triggerCircuitBreaker(bytes32)', request.pair, true);
    case 'resetBreaker':
      return breaker('resetCircuitBreaker(bytes32)', request.pair, false);
    case 'pauseProtocol':
      return pausing(true, 'pause()');
    case 'unpauseProtocol':
      return pausing(false, 'unpause()');
    case 'authoriseOracle':
      // The registry can grant ORACLE in both; where the controller names its oracle itself, only that counts.
      return [
        {
          contract: 'riskController',
          signature: 'setOracleAddress(address)',
          role: 'ADMIN',
          args: [request.oracle],
        },
        {
          contract: 'governanceRoles',
          signature: 'grantRole(bytes32,address)',
          role: 'ADMIN',
          args: [oracleRole, request.oracle],
        },
      ];
    case 'revokeOracle':
      return [
        {
          contract: 'governanceRoles',
          signature: 'revokeRole(bytes32,address)',
          role: 'ADMIN',
          args: [oracleRole, request.oracle],
        },
      ];
    case 'unwindPair':
      return [
        {
          contract: 'dexStrategy',
          signature: 'emergencyUnwind(bytes32)',
          role: 'EMERGENCY',
          args: [request.pair],
        },
      ];
    case 'withdraw':
      return [
        {
          contract: 'treasuryVault',
          signature: 'withdraw(address,uint256,address)',
          role: 'TREASURY_MANAGER',
          args: [request.token, request.amount, request.recipient],
        },
      ];
  }
}

function breaker(deployed: string, pair: `0x${string}`, broken: boolean): readonly Candidate[] {
  return [
    { contract: 'riskController', signature: deployed, role: 'RISK_OFFICER', args: [pair] },
    {
      contract: 'riskController',
      signature: 'setCircuitBreaker(bytes32,bool)',
      role: 'ADMIN',
      args: [pair, broken],
    },
  ];
}

function pausing(paused: boolean, asRunbook: string): readonly Candidate[] {
  return [
    {
      contract: 'riskController',
      signature: 'toggleGlobalPause(bool)',
      role: 'EMERGENCY',
      args: [paused],
    },
    { contract: 'treasuryVault', signature: asRunbook, role: 'ADMIN', args: [] },
  ];
}

export function encodeCall({ signature, args }: Pick<Candidate, 'signature' | 'args'>): `0x${string}` {
  const abi = parseAbi([`function ${signature}`] as readonly string[]) as Abi;
  return encodeFunctionData({ abi, args });
}
