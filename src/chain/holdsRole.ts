import type { Address } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { governanceRolesAbi } from './abi/governanceRoles.ts';
import { mustRead } from './tryRead.ts';

/**
 * Whether an account holds a role, as the registry itself says.
 * @param role the registry's own constant
 * @throws TvError where the registry does not answer: that is no "no"
 */
export async function holdsRole(
  chain: Chain,
  { account, role }: { readonly account: Address; readonly role: `0x${string}` },
): Promise<boolean> {
  const { governanceRoles: address } = chain.contracts;
  if (address === undefined) {
    throw new TvError('config.setting-missing', 'The address of GovernanceRoles is not set.', {
      next: [{ tv: ['config', 'show'] }],
    });
  }
  const call = { address, abi: governanceRolesAbi, functionName: 'hasRole', args: [role, account] };
  return mustRead<boolean>(chain, call, 'GovernanceRoles');
}
