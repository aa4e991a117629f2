import { parseAbi } from 'viem';

export const dexStrategyAbi = parseAbi([
  'function emergencyUnwind(bytes32 pair)',
  'function getActiveOrders(bytes32 pair) view returns (uint128[])',
  'function getDexBalance(address token) view returns (uint128)',
  'function pairConfigs(bytes32 pair) view returns (address tokenA, address tokenB, int16 referenceTick, uint256 maxExposure, uint16 spreadTicks, uint16 orderLevels, bool flipOrders, bool active)',
]);
