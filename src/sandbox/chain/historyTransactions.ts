import { encodeFunctionData, erc20Abi, keccak256, stringToHex } from 'viem';
import { riskController as deployedRisk } from '../contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault } from '../contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy } from '../contracts/artifacts/full/DexStrategy.ts';
import { riskController as runbookRisk } from '../contracts/artifacts/runbook/RiskController.ts';
import { governanceRoles } from '../contracts/artifacts/shared/GovernanceRoles.ts';
import type { Deployment } from './deployment.ts';
import type { Operation } from './historyPlan.ts';
import type { Hex, Transaction } from './rpc.ts';

/** The transaction that does an operation, on either generation, from the account that may. */
export function operationTransaction(deployment: Deployment, operation: Operation): Transaction {
  const { accounts, addresses } = deployment;
  const vault = { from: accounts.treasuryManager.address, to: addresses.treasuryVault };
  const strategy = { from: accounts.strategist.address, to: addresses.dexStrategy };
  switch (operation.kind) {
    case 'deposit': {
      const args = [operation.token, operation.amount] as const;
      return {
        ...vault,
        data: encodeFunctionData({ abi: treasuryVault.abi, functionName: 'deposit', args }),
      };
    }
    case 'withdraw': {
      const args = [operation.token, operation.amount, accounts.owner.address] as const;
      return {
        ...vault,
        data: encodeFunctionData({ abi: treasuryVault.abi, functionName: 'withdraw', args }),
      };
    }
    case 'deploy': {
      const args = [addresses.dexStrategy, operation.token, operation.amount, operation.pairId] as const;
      const functionName = 'deployToStrategy';
      return { ...vault, data: encodeFunctionData({ abi: treasuryVault.abi, functionName, args }) };
    }
    case 'recall': {
      const args = [operation.id, operation.returned] as const;
      const functionName = 'recallFromStrategy';
      return { ...vault, data: encodeFunctionData({ abi: treasuryVault.abi, functionName, args }) };
    }
    case 'gain': {
      const args = [addresses.dexStrategy, operation.amount] as const;
      const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args });
      return { from: accounts.strategist.address, to: operation.token, data };
    }
    case 'lose': {
      const args = [operation.token, operation.amount] as const;
      return { ...strategy, data: encodeFunctionData({ abi: dexStrategy.abi, functionName: 'lose', args }) };
    }
    case 'place': {
      const args = [operation.pairId, operation.orders] as const;
      return {
        ...strategy,
        data: encodeFunctionData({ abi: dexStrategy.abi, functionName: 'placeOrders', args }),
      };
    }
    case 'cancel': {
      const args = [operation.pairId] as const;
      return {
        ...strategy,
        data: encodeFunctionData({ abi: dexStrategy.abi, functionName: 'cancelOrders', args }),
      };
    }
    case 'trip':
    case 'reset':
      return breakerTransaction(deployment, operation.pairId, operation.kind === 'trip');
  }
}

function breakerTransaction({ accounts, addresses, generation }: Deployment, pairId: Hex, open: boolean) {
  const to = addresses.riskController;
  if (generation === 'runbook') {
    const data = encodeFunctionData({
      abi: runbookRisk.abi,
      functionName: 'setCircuitBreaker',
      args: [pairId, open],
    });
    return { from: accounts.admin.address, to, data };
  }
  const functionName = open ? 'triggerCircuitBreaker' : 'resetCircuitBreaker';
  const data = encodeFunctionData({ abi: deployedRisk.abi, functionName, args: [pairId] });
  return { from: accounts.riskOfficer.address, to, data };
}

/** Authorises the older oracle key, or hands over to the newer one. */
export function oracleTransaction(deployment: Deployment, which: 'oldOracle' | 'oracle'): Transaction {
  const { accounts, addresses, generation } = deployment;
  const from = accounts.admin.address;
  if (generation === 'runbook') {
    const args = [accounts[which].address] as const;
    const data = encodeFunctionData({ abi: runbookRisk.abi, functionName: 'setOracleAddress', args });
    return { from, to: addresses.riskController, data };
  }
  // The newer one has held the role since the deployment; the registry allows both at once.
  const data = encodeFunctionData({
    abi: governanceRoles.abi,
    functionName: which === 'oldOracle' ? 'grantRole' : 'revokeRole',
    args: [keccak256(stringToHex('ORACLE')), accounts.oldOracle.address],
  });
  return { from, to: addresses.governanceRoles, data };
}
