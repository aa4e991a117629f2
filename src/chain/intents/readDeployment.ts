import { getAddress } from 'viem';
import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { described } from '../describeRpcError.ts';
import { parseHex } from '../parseAnswer.ts';
import type { RoleName } from '../signers/signer.ts';
import { tryRead } from '../tryRead.ts';
import type { ContractName } from './intent.ts';

/** EIP-1967: keccak256('eip1967.proxy.implementation') - 1. */
const implementationSlot = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
/** More members of one role than this are not listed. */
const mostMembers = 50;

export interface RoleState {
  readonly id: `0x${string}`;
  /** Undefined where the registry does not list them. */
  readonly members: readonly Address[] | undefined;
}

export interface Deployment {
  /** The bytecode with the functions in it, behind a proxy too. Empty where there is no contract. */
  readonly code: Readonly<Record<ContractName, `0x${string}`>>;
  readonly roles: Readonly<Record<RoleName | 'ORACLE', RoleState>>;
  /** The vault's; undefined where it has none. */
  readonly owner: Address | undefined;
}

const roleNames = ['ADMIN', 'EMERGENCY', 'RISK_OFFICER', 'TREASURY_MANAGER', 'ORACLE'] as const;

/**
 * What is deployed, and who holds which role, in three batches.
 * @throws TvError where no node answers, or the role registry is not there
 */
export async function readDeployment(chain: Chain): Promise<Deployment> {
  const names = Object.keys(chain.contracts) as readonly ContractName[];
  const { governanceRoles: registry, treasuryVault: vault } = chain.contracts;
  if (registry === undefined) {
    throw new TvError('The address of GovernanceRoles is not set.', { next: ['tv config show'] });
  }
  const [found, ids, owner] = await Promise.all([
    Promise.all(names.map((name) => readCode(chain, chain.contracts[name]))),
    Promise.all(roleNames.map((name) => readRoleId(chain, registry, name))),
    vault === undefined
      ? undefined
      : tryRead<Address>(chain, { address: vault, abi: treasuryVaultAbi, functionName: 'owner' }),
  ]);
  const [code, members] = await Promise.all([
    Promise.all(found.map(({ code, implementation }) => implementationCode(chain, code, implementation))),
    Promise.all(ids.map((id) => readMembers(chain, registry, id))),
  ]);
  const entries = names.map((name, index) => [name, code[index] ?? '0x']);
  const roles = roleNames.map((name, index) => [name, { id: ids[index], members: members[index] }]);
  return {
    code: Object.fromEntries(entries) as Deployment['code'],
    roles: Object.fromEntries(roles) as Deployment['roles'],
    owner,
  };
}

async function readCode(chain: Chain, address: Address | undefined) {
  if (address === undefined) return { code: '0x' as const, implementation: undefined };
  const [code, slot] = await described(
    chain,
    Promise.all([
      chain.client.request({ method: 'eth_getCode', params: [address, 'latest'] }),
      chain.client.request({ method: 'eth_getStorageAt', params: [address, implementationSlot, 'latest'] }),
    ]),
  );
  const word = parseHex(slot, 'storage word', 32).slice(-40);
  const implementation = /^0+$/.test(word) ? undefined : getAddress(`0x${word}`);
  return { code: parseHex(code, 'bytecode'), implementation };
}

async function implementationCode(
  chain: Chain,
  code: `0x${string}`,
  implementation: Address | undefined,
): Promise<`0x${string}`> {
  if (implementation === undefined) return code;
  const request = chain.client.request({ method: 'eth_getCode', params: [implementation, 'latest'] });
  return parseHex(await described(chain, request), 'bytecode');
}

async function readRoleId(
  chain: Chain,
  registry: Address,
  name: (typeof roleNames)[number],
): Promise<`0x${string}`> {
  const id = await tryRead<`0x${string}`>(chain, {
    address: registry,
    abi: governanceRolesAbi,
    functionName: `${name}_ROLE`,
  });
  if (id !== undefined) return id;
  throw new TvError(`GovernanceRoles does not tell its role ${name}.`, {
    facts: { address: registry, function: `${name}_ROLE()` },
    next: ['see whether the address is right: tv config show'],
  });
}

async function readMembers(
  chain: Chain,
  registry: Address,
  role: `0x${string}`,
): Promise<readonly Address[] | undefined> {
  const contract = { address: registry, abi: governanceRolesAbi };
  const total = await tryRead<bigint>(chain, {
    ...contract,
    functionName: 'getRoleMemberCount',
    args: [role],
  });
  if (total === undefined) return undefined;
  const indices = Array.from({ length: Math.min(Number(total), mostMembers) }, (_, index) => BigInt(index));
  const members = await Promise.all(
    indices.map((index) =>
      tryRead<Address>(chain, { ...contract, functionName: 'getRoleMember', args: [role, index] }),
    ),
  );
  return members.filter((member) => member !== undefined);
}
