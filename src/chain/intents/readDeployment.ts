import { getAddress } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import { TvError, UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { count } from '../../text/format.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { described } from '../describeRpcError.ts';
import { parseHex } from '../parseAnswer.ts';
import type { RoleName } from '../signers/signer.ts';
import { mustRead, tryRead } from '../tryRead.ts';
import type { ContractName } from './intent.ts';

/** EIP-1967: keccak256('eip1967.proxy.implementation') - 1. */
const implementationSlot = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
/** More members of one role than this are not read. */
const mostMembers = 1_000;

export interface RoleState {
  readonly id: `0x${string}`;
  /** All of them; unknown where the registry lists none, or one of them could not be read. */
  readonly members: Answer<readonly Address[]>;
  /** Those that could be read. */
  readonly seen: readonly Address[];
}

export interface Deployment {
  /** The bytecode with the functions in it, behind a proxy too. Empty where there is no contract. */
  readonly code: Readonly<Record<ContractName, `0x${string}`>>;
  readonly roles: Readonly<Record<RoleName | 'ORACLE', RoleState>>;
  /** The vault's; null where it has none. */
  readonly owner: Answer<Address | null>;
}

const roleNames = ['ADMIN', 'EMERGENCY', 'RISK_OFFICER', 'TREASURY_MANAGER', 'ORACLE'] as const;

/**
 * What is deployed, and who holds which role, in three batches.
 * @throws TvError where no node answers, or the role registry is not there. A member or an owner that
 * could not be read is no reason: what rests on it has to treat it as unknown.
 */
export async function readDeployment(chain: Chain): Promise<Deployment> {
  const names = Object.keys(chain.contracts) as readonly ContractName[];
  const { governanceRoles: registry, treasuryVault: vault } = chain.contracts;
  if (registry === undefined) {
    throw new TvError('config.setting-missing', 'The address of GovernanceRoles is not set.', {
      next: [{ tv: ['config', 'show'] }],
    });
  }
  const [found, ids, owner] = await Promise.all([
    Promise.all(names.map((name) => readCode(chain, chain.contracts[name]))),
    Promise.all(roleNames.map((name) => readRoleId(chain, registry, name))),
    vault === undefined
      ? known(null)
      : answer(
          tryRead<Address>(chain, { address: vault, abi: treasuryVaultAbi, functionName: 'owner' }).then(
            (address) => address ?? null,
          ),
        ),
  ]);
  if (found[names.indexOf('governanceRoles')]?.code === '0x') {
    // It has just returned its roles.
    throw new UnavailableError(
      'chain.unreliable-node',
      'The RPC node returns no bytecode of GovernanceRoles, which answers calls.',
      {
        facts: { node: chain.urls.join(', '), contract: registry },
        next: { when: 'see which RPC URLs are set, and from where', tv: ['config', 'show'] },
      },
    );
  }
  const [code, members] = await Promise.all([
    Promise.all(found.map(({ code, implementation }) => implementationCode(chain, code, implementation))),
    Promise.all(ids.map((id) => readMembers(chain, registry, id))),
  ]);
  const entries = names.map((name, index) => [name, code[index] ?? '0x']);
  const roles = roleNames.map((name, index) => [name, { id: ids[index], ...members[index] }]);
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
  throw new TvError('chain.contract-mismatch', `GovernanceRoles does not return its role ${name}.`, {
    facts: { address: registry, function: `${name}_ROLE()` },
    next: [{ when: 'check the address', tv: ['config', 'show'] }],
  });
}

/** Who holds a role: all of them, or why there may be others. @throws what is no TvError */
export async function readMembers(
  chain: Chain,
  registry: Address,
  role: `0x${string}`,
): Promise<Pick<RoleState, 'members' | 'seen'>> {
  const contract = { address: registry, abi: governanceRolesAbi };
  const total = await answer(
    tryRead<bigint>(chain, { ...contract, functionName: 'getRoleMemberCount', args: [role] }),
  );
  if (!total.known)
    return { members: unknown(`could not count the role members: ${total.reason}`), seen: [] };
  if (total.value === undefined) {
    return { members: unknown('GovernanceRoles does not list role members'), seen: [] };
  }
  const indices = Array.from({ length: Math.min(Number(total.value), mostMembers) }, (_, index) => index);
  const read = await Promise.all(
    indices.map((index) =>
      answer(
        mustRead<Address>(
          chain,
          { ...contract, functionName: 'getRoleMember', args: [role, BigInt(index)] },
          'GovernanceRoles',
        ),
      ),
    ),
  );
  const seen = read.filter((one) => one.known).map(({ value }) => value);
  const failed = read.find((one) => !one.known);
  const missing = Number(total.value) - seen.length;
  if (missing === 0) return { members: known(seen), seen };
  const why = failed === undefined ? `only ${mostMembers} are read` : failed.reason;
  return {
    members: unknown(`could not read ${missing} of ${count(total.value)} role members: ${why}`),
    seen,
  };
}
