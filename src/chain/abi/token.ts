import { parseAbi } from 'viem';

/** What TIP-20 and ERC-20 have in common. */
export const tokenAbi = parseAbi([
  'function balanceOf(address account) view returns (uint256)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  // TIP-20 only.
  'function quoteToken() view returns (address)',
]);
