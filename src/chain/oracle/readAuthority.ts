import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { readDeployment } from '../intents/readDeployment.ts';
import { sameAddress } from '../sameAddress.ts';
import { tryRead } from '../tryRead.ts';

/**
 * How an oracle is authorised: `one-address` where the controller names its only oracle, `role` where
 * every holder of ORACLE counts (deployment-facts, section 2).
 */
export type OracleForm = 'one-address' | 'role';

export interface OracleAuthority {
  readonly form: OracleForm;
  /** Whose signals are accepted now. */
  readonly valid: readonly Address[];
  /** Holders of ORACLE in the registry; undefined where it does not list them. */
  readonly holders: readonly Address[] | undefined;
  readonly roleId: `0x${string}`;
}

/** Who may sign oracle signals. @throws TvError where no node answers, or a contract is not set */
export async function readAuthority(chain: Chain): Promise<OracleAuthority> {
  const address = riskControllerOf(chain);
  const [named, { roles }] = await Promise.all([
    tryRead<Address>(chain, { address, abi: riskControllerAbi, functionName: 'oracleAddress' }),
    readDeployment(chain),
  ]);
  const { id: roleId, members: holders } = roles.ORACLE;
  if (named !== undefined) return { form: 'one-address', valid: [named], holders, roleId };
  return { form: 'role', valid: holders ?? [], holders, roleId };
}

export function riskControllerOf({ contracts }: Pick<Chain, 'contracts'>): Address {
  if (contracts.riskController !== undefined) return contracts.riskController;
  throw new TvError('The address of RiskController is not set.', { next: ['tv config show'] });
}

/** Whether the registry says that an account holds ORACLE, also where it lists nobody. */
export async function holdsOracleRole(
  chain: Chain,
  { account, roleId }: { readonly account: Address; readonly roleId: `0x${string}` },
): Promise<boolean> {
  const { governanceRoles: address } = chain.contracts;
  if (address === undefined) return false;
  const answer = await tryRead<boolean>(chain, {
    address,
    abi: governanceRolesAbi,
    functionName: 'hasRole',
    args: [roleId, account],
  });
  return answer === true;
}

/** Whether signals of this account are accepted. @throws TvError where no node answers */
export async function isOracle(chain: Chain, account: Address, known?: OracleAuthority): Promise<boolean> {
  const authority = known ?? (await readAuthority(chain));
  if (authority.valid.some((one) => sameAddress(one, account))) return true;
  return authority.form === 'role' && holdsOracleRole(chain, { account, roleId: authority.roleId });
}
