import { createECDH } from 'node:crypto';
import { getAddress } from 'viem';
import { generatePrivateKey, privateKeyToAccount, publicKeyToAddress } from 'viem/accounts';
import type { Address } from '../../config/settings.ts';
import type { Signer } from './signer.ts';

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
  return publicKeyToAddress(`0x${curve.getPublicKey('hex')}`);
}

/**
 * A key of `.env` as a signer. It holds no operator's role; `role` only fills the type.
 * @returns undefined where the text is no private key
 */
export function oracleSigner(text: string): Signer | undefined {
  const parsed = parseKey(text);
  if (parsed === undefined) return undefined;
  const account = privateKeyToAccount(parsed.key);
  return { role: 'admin', address: account.address, source: '.env', account };
}

export function newKey(): `0x${string}` {
  return generatePrivateKey();
}

/** An address that no key belongs to: stands for one that is not there yet in a simulation. */
export const placeholderAddress: Address = getAddress('0x00000000000000000000000000000000deadc0de');
