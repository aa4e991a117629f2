import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encrypt, scrypt } from 'ox/Keystore';
import type { SignerRole } from '../../config/settings.ts';
import type { Deployment } from '../chain/deployment.ts';
import { devPrivateKey } from '../chain/devAccounts.ts';
import type { SandboxPaths } from '../paths.ts';

/** The roles that operators sign in. */
export const keyRoles: readonly SignerRole[] = ['admin', 'emergency', 'riskOfficer', 'treasuryManager'];

/** geth's own "light" parameters, as `cast wallet` takes them: practice has to be quick. */
const costs = { n: 4096, r: 8, p: 1 };

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
  const [derived, options] = scrypt({ password, ...costs });
  return `${JSON.stringify(encrypt(key, derived, options))}\n`;
}
