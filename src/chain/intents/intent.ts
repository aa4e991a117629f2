import type { Address, SignerRole } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import type { RoleName } from '../signers/signer.ts';

export type ContractName = keyof Chain['contracts'];

/** What a runbook wants of the protocol, whichever function does it here. */
export type IntentRequest =
  | { readonly intent: 'tripBreaker' | 'resetBreaker' | 'unwindPair'; readonly pair: `0x${string}` }
  | { readonly intent: 'pauseProtocol' | 'unpauseProtocol' }
  | { readonly intent: 'authoriseOracle' | 'revokeOracle'; readonly oracle: Address }
  | {
      readonly intent: 'withdraw';
      readonly token: Address;
      /** In the token's smallest unit. */
      readonly amount: bigint;
      readonly recipient: Address;
    };

/** The function that does it here, ready to be signed. Plain data: it goes into the journal. */
export type ResolvedIntent = {
  readonly intent: IntentRequest['intent'];
  readonly contract: ContractName;
  readonly address: Address;
  /** `triggerCircuitBreaker(bytes32)` */
  readonly signature: string;
  /** As `cast send` takes them. */
  readonly args: readonly string[];
  readonly data: `0x${string}`;
  readonly role: {
    readonly name: RoleName;
    /** Read from the registry. */
    readonly id: `0x${string}`;
    /** The setting that holds a key for it. */
    readonly signer: SignerRole;
  };
  /** Who may call it: the role's members, and the vault's owner for a withdrawal. */
  readonly holders: readonly Address[];
  /** Why there may be others; absent where `holders` is the whole list. */
  readonly holdersUnknown?: string;
};

/** How contracts are called in the settings' `.env`, and so by operators. */
export const contractTitles: Readonly<Record<ContractName, string>> = {
  governanceRoles: 'GovernanceRoles',
  riskController: 'RiskController',
  treasuryVault: 'TreasuryVault',
  dexStrategy: 'DexStrategy',
};
