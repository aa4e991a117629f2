import { parseAbi } from 'viem';

/** The vault of both generations; `pause` and `paused` are the runbook's. */
export const treasuryVaultAbi = parseAbi([
  'function vaultId() view returns (uint256)',
  'function owner() view returns (address)',
  'function tokenBalances(address token) view returns (uint256)',
  'function deployedCapital(address token) view returns (uint256)',
  'function accruedPerformanceFees(address token) view returns (uint256)',
  'function accruedManagementFees(address token) view returns (uint256)',
  'function pairExposure(bytes32 pair) view returns (uint256)',
  'function withdraw(address token, uint256 amount, address recipient)',
  'function deposit(address token, uint256 amount)',
  'function deployToStrategy(address strategy, address token, uint256 amount, bytes32 pair)',
  'function pause()',
  'function unpause()',
  'function paused() view returns (bool)',
  'event Paused(address account)',
  'event Unpaused(address account)',
  'event Withdrawn(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance)',
]);
