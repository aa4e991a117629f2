import { keccak_256 } from '@noble/hashes/sha3';
import * as z from 'zod';
import type { Address } from './settings.ts';

const encoder = new TextEncoder();

/** An address in the spelling whose upper and lower case are its checksum (EIP-55). */
export function withChecksum(address: string): Address {
  const digits = address.slice(2).toLowerCase();
  const hash = keccak_256(encoder.encode(digits));
  const nibble = (index: number) => ((hash[index >> 1] ?? 0) >> (index % 2 === 0 ? 4 : 0)) & 0xf;
  const spelt = [...digits].map((digit, index) => (nibble(index) >= 8 ? digit.toUpperCase() : digit));
  return `0x${spelt.join('')}`;
}

/** `0x` and 40 hex digits; in mixed case only with the right checksum. Undefined for anything else. */
function readAddress(text: string): Address | undefined {
  return /^0x[0-9a-fA-F]{40}$/.test(text) && !hasWrongChecksum(text) ? (text as Address) : undefined;
}

/** Surrounding blanks are ignored. */
export const address = () =>
  z
    .string()
    .trim()
    .refine((text): text is Address => readAddress(text) !== undefined);

/**
 * The first address in a text whose checksum is wrong, in both spellings. Either a digit is wrong or only the
 * case of a letter; which one, only the owner of the address knows.
 */
export function wrongChecksum(
  text: string,
): { readonly written: string; readonly 'with the checksum': string } | undefined {
  const found = text.match(/\b0x[0-9a-fA-F]{40}\b/g)?.find(hasWrongChecksum);
  return found === undefined ? undefined : { written: found, 'with the checksum': withChecksum(found) };
}

function hasWrongChecksum(address: string): boolean {
  const digits = address.slice(2);
  const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  return isMixed && withChecksum(address) !== address;
}
