import type { Address } from '../config/settings.ts';
import { type Answer, answer, known } from '../errors/answer.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { governanceRolesAbi } from './abi/governanceRoles.ts';
import { riskControllerAbi } from './abi/riskController.ts';
import { treasuryVaultAbi } from './abi/treasuryVault.ts';
import { readMembers } from './intents/readDeployment.ts';
import type { OracleForm } from './oracle/readAuthority.ts';
import { mustRead, tryRead } from './tryRead.ts';

const roleNames = ['ADMIN', 'EMERGENCY', 'RISK_OFFICER', 'TREASURY_MANAGER', 'STRATEGIST', 'ORACLE'] as const;

/** OpenZeppelin's AccessControl: who holds it may grant every role, whatever ADMIN is called. */
const defaultAdmin = `0x${'0'.repeat(64)}` as const;

/** A role of the registry, or the owner of the vault, who can withdraw like a treasury manager. */
export type HeldRole = (typeof roleNames)[number] | 'DEFAULT_ADMIN' | 'VAULT_OWNER';

export interface Holders {
  readonly role: HeldRole;
  /** All holders; unknown where they cannot be listed, or one of them could not be read. */
  readonly all: Answer<readonly Address[]>;
  /** Those that could be read. */
  readonly seen: readonly Address[];
}

/**
 * Who may do what on the contracts. Where the controller names its only oracle, that one counts as ORACLE.
 * @throws TvError where no node answers, or the registry is not there or does not name its roles
 */
export async function readRoleHolders(chain: Chain): Promise<readonly Holders[]> {
  const { governanceRoles, riskController, treasuryVault } = chain.contracts;
  const registry = requireRegistry(governanceRoles);
  const [ids, owner, oracle] = await Promise.all([
    Promise.all(
      roleNames.map((name) =>
        tryRead<`0x${string}`>(chain, {
          address: registry,
          abi: governanceRolesAbi,
          functionName: `${name}_ROLE`,
        }),
      ),
    ),
    answer(
      (async () =>
        treasuryVault === undefined
          ? undefined
          : tryRead<Address>(chain, {
              address: treasuryVault,
              abi: treasuryVaultAbi,
              functionName: 'owner',
            }))(),
    ),
    readNamedOracle(chain, riskController),
  ]);
  const idOf = (name: (typeof roleNames)[number]) => ids[roleNames.indexOf(name)];
  const admin = idOf('ADMIN');
  if (admin === undefined) {
    throw new TvError('chain.contract-mismatch', 'GovernanceRoles does not return its roles.', {
      facts: { address: registry },
      next: [{ when: 'check the address', tv: ['config', 'show'] }],
    });
  }
  const roles: readonly (readonly [HeldRole, `0x${string}` | undefined])[] = [
    ...roleNames.map((name) => [name, idOf(name)] as const),
    ...(admin === defaultAdmin ? [] : [['DEFAULT_ADMIN', defaultAdmin] as const]),
  ];
  const holders = await Promise.all(
    roles.map(async ([role, id]): Promise<readonly Holders[]> => {
      if (role === 'ORACLE' && oracle !== undefined) return [{ role, all: known([oracle]), seen: [oracle] }];
      // The getter is not in this build, so neither is the role.
      if (id === undefined) return [];
      const { members, seen } = await readMembers(chain, registry, id);
      return [{ role, all: members, seen }];
    }),
  );
  const ownerOf: readonly Holders[] = owner.known
    ? owner.value === undefined
      ? []
      : [{ role: 'VAULT_OWNER', all: known([owner.value]), seen: [owner.value] }]
    : [{ role: 'VAULT_OWNER', all: owner, seen: [] }];
  return [...holders.flat(), ...ownerOf];
}

/** How an oracle is authorised, without those who are. @throws TvError where no node answers */
export async function readOracleForm(
  chain: Chain,
): Promise<{ readonly form: OracleForm; readonly roleId: `0x${string}` }> {
  const { governanceRoles, riskController } = chain.contracts;
  const registry = requireRegistry(governanceRoles);
  const [roleId, oracle] = await Promise.all([
    mustRead<`0x${string}`>(
      chain,
      { address: registry, abi: governanceRolesAbi, functionName: 'ORACLE_ROLE' },
      'GovernanceRoles',
    ),
    readNamedOracle(chain, riskController),
  ]);
  return { form: oracle === undefined ? 'role' : 'one-address', roleId };
}

/** The only oracle, where the controller names it. */
async function readNamedOracle(chain: Chain, address: Address | undefined): Promise<Address | undefined> {
  if (address === undefined) return undefined;
  return tryRead<Address>(chain, { address, abi: riskControllerAbi, functionName: 'oracleAddress' });
}

function requireRegistry(address: Address | undefined): Address {
  if (address !== undefined) return address;
  throw new TvError('config.setting-missing', 'The address of GovernanceRoles is not set.', {
    next: [{ tv: ['config', 'show'] }],
  });
}
