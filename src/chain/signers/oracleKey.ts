import { createECDH } from 'node:crypto';
import { getAddress, keccak256 } from 'viem';
import type { Address } from '../../config/settings.ts';

/** A private key as `.env` files hold it, with or without `0x`. Undefined where it is none. */
export function parseKey(
  text: string,
): { readonly key: `0x${string}`; readonly address: Address } | undefined {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim())?.[1];
  if (digits === undefined) return undefined;
  try {
    return { key: `0x${digits}`, address: addressOf(digits) };
  } catch {
    // Zero, or not below the curve's order.
    return undefined;
  }
}

/** By OpenSSL: viem's curve, in JavaScript, takes 40 ms at its first use, and many commands only want the address. */
function addressOf(digits: string): Address {
  const curve = createECDH('secp256k1');
  curve.setPrivateKey(digits, 'hex');
  // Without the first byte, which says that the point is not compressed.
  const point = curve.getPublicKey('hex').slice(2);
  return getAddress(`0x${keccak256(`0x${point}`).slice(-40)}`);
}

/** An address without a key: represents one that does not exist yet in a simulation. */
export const placeholderAddress: Address = getAddress('0x00000000000000000000000000000000deadc0de');
