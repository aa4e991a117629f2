import type { Network } from './anvilCommand.ts';
import type { DevAccount, RoleName } from './devAccounts.ts';
import type { Hex } from './rpc.ts';

/**
 * Which contracts: the two builds that are really deployed, or as the original runbook describes them. `full` and
 * `compact` differ in the strategy: in its list of orders, its events, and how an unwind returns capital.
 */
export type Generation = 'full' | 'compact' | 'runbook';

export interface DeployedToken {
  readonly symbol: string;
  readonly address: Hex;
  readonly decimals: number;
}

export interface DeployedPair {
  readonly id: Hex;
  /** The base token of the DEX book. */
  readonly tokenA: Hex;
  /** As the strategy has it: the book's quote token, except for one pair of the compact build. */
  readonly tokenB: Hex;
}

/** What `deployProtocol` made. Plain data: it goes into the sandbox's state file as JSON. */
export interface Deployment {
  readonly chainId: number;
  readonly network: Network;
  readonly generation: Generation;
  readonly addresses: {
    readonly governanceRoles: Hex;
    /** Of both real builds: an EIP-1967 proxy. */
    readonly riskController: Hex;
    readonly treasuryVault: Hex;
    readonly dexStrategy: Hex;
  };
  readonly dex: Hex;
  /** Sends several calls in one transaction; used by `writeHistory` only. */
  readonly batch: Hex;
  /** The first is the quote token of all books. */
  readonly tokens: readonly DeployedToken[];
  readonly pairs: readonly DeployedPair[];
  readonly accounts: Readonly<Record<RoleName, DevAccount>>;
  /** The token that pays for a transaction which names none (Tempo's default); none on a plain chain. */
  readonly feeToken: Hex | undefined;
  /** The last block of the deployment. */
  readonly block: number;
}
