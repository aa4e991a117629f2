import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encryptKeystore } from '../../chain/signers/encryptKeystore.ts';
import type { SignerRole } from '../../config/settings.ts';
import type { Deployment } from '../chain/deployment.ts';
import { devPrivateKey } from '../chain/devAccounts.ts';
import type { SandboxPaths } from '../paths.ts';

/** The roles that operators sign in. */
export const keyRoles: readonly SignerRole[] = ['admin', 'emergency', 'riskOfficer', 'treasuryManager'];

/** geth's own "light" parameter, as `cast wallet` takes it: practice has to be quick. */
const lightCost = 4096;

export function keyFile(paths: SandboxPaths, role: SignerRole): string {
  return join(paths.keys, `${role}.json`);
}

export function keyPasswordFile(paths: SandboxPaths): string {
  return join(paths.keys, 'password');
}

/** Keystores (v3) with the public dev keys of all operators' roles, and the one password for them. */
export async function writeKeyFiles(
  paths: SandboxPaths,
  { accounts }: Pick<Deployment, 'accounts'>,
): Promise<void> {
  mkdirSync(paths.keys, { mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(keyPasswordFile(paths), `${password}\n`, { mode: 0o600 });
  for (const role of keyRoles) {
    const text = await keystoreText(devPrivateKey(accounts[role].index), password);
    writeFileSync(keyFile(paths, role), text, { mode: 0o600 });
  }
}

/** A keystore that is quick to open, for a key that is no secret. */
export function keystoreText(key: `0x${string}`, password: string): Promise<string> {
  return encryptKeystore(key, password, lightCost);
}
