import { type AbiEvent, toEventSelector } from 'viem';
import { riskController } from '../contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault } from '../contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy as fullStrategy } from '../contracts/artifacts/full/DexStrategy.ts';
import { dexStrategy as runbookStrategy } from '../contracts/artifacts/runbook/DexStrategy.ts';
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
 * kind). `OrderPlaced` is another event in the full build than in the runbook's; the compact one has neither.
 */
export const indexedEvents: ReadonlyMap<Hex, string> = new Map(
  [...treasuryVault.abi, ...riskController.abi, ...fullStrategy.abi, ...runbookStrategy.abi]
    .filter((item): item is typeof item & AbiEvent => item.type === 'event' && names.includes(item.name))
    .map((event) => [toEventSelector(event), event.name]),
);
