import { parseAbi } from 'viem';

/** The part of Tempo's stablecoin DEX that says what a maker has there (viem's `Abis.stablecoinDex`). */
export const stablecoinDexAbi = parseAbi([
  'struct Order { uint128 orderId; address maker; bytes32 bookKey; bool isBid; int16 tick; uint128 amount; uint128 remaining; uint128 prev; uint128 next; bool isFlip; int16 flipTick; }',
  'struct Book { address base; address quote; int16 bestBidTick; int16 bestAskTick; }',
  'function nextOrderId() view returns (uint128)',
  'function getOrder(uint128 orderId) view returns (Order)',
  'function books(bytes32 key) view returns (Book)',
  'function balanceOf(address user, address token) view returns (uint128)',
  'event OrderPlaced(uint128 indexed orderId, address indexed maker, address indexed token, uint128 amount, bool isBid, int16 tick, bool isFlipOrder, int16 flipTick)',
  'event OrderFlipped(uint128 indexed orderId, address indexed maker, address indexed token, uint128 amount, bool isBid, int16 tick, int16 flipTick)',
]);
