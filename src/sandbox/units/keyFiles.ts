import { createCipheriv, randomBytes, scryptSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak256 } from 'viem';
import type { SignerRole } from '../../config/settings.ts';
import type { Deployment } from '../chain/deployment.ts';
import { devPrivateKey } from '../chain/devAccounts.ts';
import type { SandboxPaths } from '../paths.ts';

/** The roles that operators sign in. */
export const keyRoles: readonly SignerRole[] = ['admin', 'emergency', 'riskOfficer', 'treasuryManager'];

/** Light, so that practice is quick; geth's own "light" parameters, as `cast wallet` takes them. */
const kdf = { n: 4096, r: 8, p: 1, dklen: 32 };

export function keyFile(paths: SandboxPaths, role: SignerRole): string {
  return join(paths.keys, `${role}.json`);
}

export function keyPasswordFile(paths: SandboxPaths): string {
  return join(paths.keys, 'password');
}

/** Keystores (v3) with the public dev keys of all operators' roles, and the one password for them. */
export function writeKeyFiles(paths: SandboxPaths, { accounts }: Pick<Deployment, 'accounts'>): void {
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(keyPasswordFile(paths), `${password}\n`, { mode: 0o600 });
  for (const role of keyRoles) {
    const text = keystoreText(devPrivateKey(accounts[role].index), password);
    writeFileSync(keyFile(paths, role), text, { mode: 0o600 });
  }
}

/** A Web3 Secret Storage v3 file with scrypt, as `cast wallet import` writes it. */
export function keystoreText(key: `0x${string}`, password: string): string {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const derived = scryptSync(password, salt, kdf.dklen, { N: kdf.n, r: kdf.r, p: kdf.p });
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(key.slice(2), 'hex')), cipher.final()]);
  const mac = keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext])).slice(2);
  const crypto = {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: iv.toString('hex') },
    ciphertext: ciphertext.toString('hex'),
    kdf: 'scrypt',
    kdfparams: { ...kdf, salt: salt.toString('hex') },
    mac,
  };
  return `${JSON.stringify({ crypto, id: crypto.mac.slice(0, 32), version: 3 })}\n`;
}
