import type { PrivateKeyAccount } from 'viem';
import type { Address, SignerRole } from '../../config/settings.ts';

/** A key that is open, for one role. Shows its address and where it came from, never itself. */
export interface Signer {
  readonly role: SignerRole;
  readonly address: Address;
  /** `keystore /etc/tempovault/admin.json`, `$TV_ADMIN_KEY`; for display. */
  readonly source: string;
  readonly account: PrivateKeyAccount;
}

/** How the roles are called on the chain. */
export type RoleName = 'ADMIN' | 'EMERGENCY' | 'RISK_OFFICER' | 'TREASURY_MANAGER';

/** The setting that holds the key for a role of the contracts. */
export const signerRoles: Readonly<Record<RoleName, SignerRole>> = {
  ADMIN: 'admin',
  EMERGENCY: 'emergency',
  RISK_OFFICER: 'riskOfficer',
  TREASURY_MANAGER: 'treasuryManager',
};
