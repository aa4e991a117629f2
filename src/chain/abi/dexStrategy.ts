import { parseAbi } from 'viem';

/** The strategy in all known builds; which functions are there is asked of the bytecode. */
export const dexStrategyAbi = parseAbi([
  'function emergencyUnwind(bytes32 pair)',
  'function dex() view returns (address)',
  'function getDexBalance(address token) view returns (uint128)',
  'function pairConfigs(bytes32 pair) view returns (address tokenA, address tokenB, int16 referenceTick, uint256 maxExposure, uint16 spreadTicks, uint16 orderLevels, bool flipOrders, bool active)',
  // The list of orders: the compact build, and as the runbook has it.
  'function getActiveOrders(bytes32 pair) view returns (uint128[])',
  // The full build: reverts at the end of the list.
  'function activeOrderIds(bytes32 pair, uint256 index) view returns (uint128)',
]);
