import { type AbiEvent, keccak256, toEventSelector, toHex } from 'viem';
import { expect, it } from 'vitest';
import { eventByTopic, indexedEvents } from '../../src/chain/events.ts';
import * as compactStrategy from '../../src/sandbox/contracts/artifacts/compact/DexStrategy.ts';
import * as deployedRisk from '../../src/sandbox/contracts/artifacts/deployed/RiskController.ts';
import * as deployedVault from '../../src/sandbox/contracts/artifacts/deployed/TreasuryVault.ts';
import * as fullStrategy from '../../src/sandbox/contracts/artifacts/full/DexStrategy.ts';
import * as runbookStrategy from '../../src/sandbox/contracts/artifacts/runbook/DexStrategy.ts';
import * as runbookRisk from '../../src/sandbox/contracts/artifacts/runbook/RiskController.ts';
import * as runbookVault from '../../src/sandbox/contracts/artifacts/runbook/TreasuryVault.ts';
import { governanceRoles } from '../../src/sandbox/contracts/artifacts/shared/GovernanceRoles.ts';
import { protocolEvents } from '../../src/sandbox/services/lib/protocolEvents.ts';

/** Canonical signatures, written out apart from the ABI. */
const signatures = {
  Deposited: 'Deposited(uint256,address,uint256,address,uint256)',
  Withdrawn: 'Withdrawn(uint256,address,uint256,address,uint256)',
  CapitalDeployed: 'CapitalDeployed(uint256,uint256,address,address,uint256,bytes32)',
  CapitalRecalled: 'CapitalRecalled(uint256,uint256,uint256)',
  LossRealized: 'LossRealized(uint256,uint256,address,uint256,uint256,uint256)',
  PerformanceFeeAccrued: 'PerformanceFeeAccrued(uint256,address,uint256,uint256)',
  ManagementFeeAccrued: 'ManagementFeeAccrued(uint256,address,uint256,uint256)',
  OracleSignalUpdated: 'OracleSignalUpdated(bytes32,(int16,uint256,uint256,uint256,uint256,uint256),uint256)',
  CircuitBreakerTriggered: 'CircuitBreakerTriggered(bytes32,address)',
  CircuitBreakerReset: 'CircuitBreakerReset(bytes32,address)',
  OrderPlaced: 'OrderPlaced(bytes32,uint128,address,uint128,int16,bool)',
};
/** Of the full build. */
const fullOrderPlaced = 'OrderPlaced(bytes32,uint128,int16,uint128,bool,bool)';

it('knows each event by the hash of its signature', () => {
  const topics = indexedEvents.map(({ name, topic }) => [name, topic]);
  const all = [...Object.entries(signatures), ['OrderPlaced', fullOrderPlaced] as const];
  expect(topics).toEqual(all.map(([name, text]) => [name, keccak256(toHex(text))]));
});

it('finds an event by topic, and nothing for other logs', () => {
  expect(eventByTopic(keccak256(toHex(signatures.CircuitBreakerReset)))).toMatchObject({
    name: 'CircuitBreakerReset',
    table: 'circuit_breakers',
  });
  expect(eventByTopic(keccak256(toHex('OracleNonceAdvanced(bytes32,uint256,uint256)')))).toBeUndefined();
  expect(eventByTopic(undefined)).toBeUndefined();
});

it.each([
  ['full', [deployedRisk.riskController, deployedVault.treasuryVault, fullStrategy.dexStrategy]],
  ['runbook', [runbookRisk.riskController, runbookVault.treasuryVault, runbookStrategy.dexStrategy]],
] as const)('knows every one of them as the compiled contracts emit it: %s', (build, contracts) => {
  const emitted = contracts
    .flatMap(({ abi }): readonly { readonly type: string }[] => abi)
    .filter((entry): entry is AbiEvent => entry.type === 'event')
    .map((event) => toEventSelector(event));
  const other = build === 'full' ? signatures.OrderPlaced : fullOrderPlaced;
  const own = indexedEvents.map(({ topic }) => topic).filter((topic) => topic !== keccak256(toHex(other)));
  expect(emitted).toEqual(expect.arrayContaining(own));
  expect(emitted).not.toContain(keccak256(toHex(other)));
});

it.each([
  ['full', [deployedRisk.riskController, deployedVault.treasuryVault, fullStrategy.dexStrategy]],
  ['compact', [deployedRisk.riskController, deployedVault.treasuryVault, compactStrategy.dexStrategy]],
  ['runbook', [runbookRisk.riskController, runbookVault.treasuryVault, runbookStrategy.dexStrategy]],
] as const)("the sandbox's indexer can decode every event of its contracts: %s", (_, contracts) => {
  const emitted = [...contracts, governanceRoles]
    .flatMap(({ abi }): readonly { readonly type: string }[] => abi)
    .filter((entry): entry is AbiEvent => entry.type === 'event');
  const unknown = emitted.filter((event) => !protocolEvents.has(toEventSelector(event)));
  expect(unknown.map(({ name }) => name)).toEqual([]);
});
