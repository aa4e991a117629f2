import { privateKeyToAccount } from 'viem/accounts';
import type { Address } from '../../config/settings.ts';

/** The address of a private key as `.env` holds it, with `0x` or without; undefined where it is none. */
export function addressOfKey(written: string): Address | undefined {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(written.trim())?.[1];
  if (digits === undefined) return undefined;
  try {
    return privateKeyToAccount(`0x${digits}`).address;
  } catch {
    // Zero, or above the curve's order; the library's message could quote it.
    return undefined;
  }
}
