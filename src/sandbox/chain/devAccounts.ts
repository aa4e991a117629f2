import { pbkdf2Sync } from 'node:crypto';
import { bytesToHex } from 'viem';
import { HDKey, hdKeyToAccount } from 'viem/accounts';
import { TvError } from '../../errors/TvError.ts';
import type { Hex } from './rpc.ts';

/** Anvil's published mnemonic: these keys are known to everybody and hold nothing anywhere else. */
export const devMnemonic = 'test test test test test test test test test test test junk';

/** Which of anvil's ten dev accounts plays which part. */
export const devAccountIndex = {
  admin: 0,
  emergency: 1,
  riskOfficer: 2,
  treasuryManager: 3,
  strategist: 4,
  oracle: 5,
  oldOracle: 6,
  owner: 7,
} as const;

export type RoleName = keyof typeof devAccountIndex;

export interface DevAccount {
  readonly index: number;
  readonly address: Hex;
}

export function devAccount(index: number): DevAccount {
  return { index, address: hdAccount(index).address };
}

/** The public dev key of an account, for programs of the sandbox that sign themselves. */
export function devPrivateKey(index: number): Hex {
  const key = hdAccount(index).getHdKey().privateKey;
  if (key === null)
    throw new TvError('sandbox.chain-failed', 'A dev account has no private key.', { facts: { index } });
  return bytesToHex(key);
}

let root: HDKey | undefined;

function hdAccount(index: number) {
  // The seed as BIP-39 has it, by Node's own function: viem takes far longer over it, for each account anew.
  root ??= HDKey.fromMasterSeed(pbkdf2Sync(devMnemonic, 'mnemonic', 2048, 64, 'sha512'));
  return hdKeyToAccount(root, { addressIndex: index });
}
