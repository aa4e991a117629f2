// Apart from oracleKey.ts: most commands want only the address of a key, and `viem/accounts` takes 30 ms to load.
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { parseKey } from './oracleKey.ts';
import type { Signer } from './signer.ts';

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

/** An account for one simulation. */
export function randomAccount(): PrivateKeyAccount {
  return privateKeyToAccount(generatePrivateKey());
}
