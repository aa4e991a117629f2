import { keccak256 } from 'viem';
import { promisesLogs } from '../testLogIndex.ts';

/** Positions of the three bits that an address sets in a block's filter of logs (Yellow Paper, section 4.3.1). */
export function bloomBits(address: `0x${string}`): readonly number[] {
  const hash = keccak256(address);
  return [2, 6, 10].map((at) => Number.parseInt(hash.slice(at, at + 4), 16) & 2047);
}

/**
 * Whether a block's filter says that an address may have logs in it. Undefined where the filter decides nothing:
 * it is malformed, or filled the same for every block.
 */
export function mayHoldLogs(bloom: unknown, bits: readonly number[]): boolean | undefined {
  if (typeof bloom !== 'string' || !/^0x[0-9a-f]{512}$/i.test(bloom)) return undefined;
  if (!promisesLogs(bloom)) return undefined;
  return bits.every((bit) => {
    const digit = Number.parseInt(bloom[bloom.length - 1 - (bit >> 2)] ?? '0', 16);
    return ((digit >> (bit & 3)) & 1) === 1;
  });
}

/** How many bits of a filter are set: the more, the less it says about one address. */
export function bloomDensity(bloom: string): number {
  return [...bloom.slice(2)].reduce((sum, digit) => sum + (ones[Number.parseInt(digit, 16)] ?? 0), 0);
}

const ones = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
