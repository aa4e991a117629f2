import { type AbiEvent, toEventSelector } from 'viem';
import { riskController } from '../contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault } from '../contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy } from '../contracts/artifacts/full/DexStrategy.ts';
import type { Hex } from './rpc.ts';

const names: readonly string[] = [
  'Deposited',
  'Withdrawn',
  'CapitalDeployed',
  'CapitalRecalled',
  'LossRealized',
  'PerformanceFeeAccrued',
  'ManagementFeeAccrued',
  'OracleSignalUpdated',
  'CircuitBreakerTriggered',
  'CircuitBreakerReset',
  'OrderPlaced',
];

/**
 * Name by topic of the events that TempoVault's indexer keeps (deployment-facts, section 3: one table a
 * kind). The compact strategy alone tells its orders with another event.
 */
export const indexedEvents: ReadonlyMap<Hex, string> = new Map(
  [...treasuryVault.abi, ...riskController.abi, ...dexStrategy.abi]
    .filter((item): item is typeof item & AbiEvent => item.type === 'event' && names.includes(item.name))
    .map((event) => [toEventSelector(event), event.name]),
);
