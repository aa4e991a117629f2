import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { sameAddress } from '../sameAddress.ts';
import { tryRead } from '../tryRead.ts';

/**
 * Whether the contracts take this account's signals: the one address that the risk controller names
 * where it names one, else the role ORACLE.
 * @throws TvError where no node answers, or nobody can tell
 */
export async function isAuthorised(chain: Chain, { oracle }: { readonly oracle: Address }): Promise<boolean> {
  const { riskController, governanceRoles } = chain.contracts;
  const registry = { address: governanceRoles ?? '0x', abi: governanceRolesAbi };
  const [named, role] = await Promise.all([
    riskController === undefined
      ? undefined
      : tryRead<Address>(chain, {
          address: riskController,
          abi: riskControllerAbi,
          functionName: 'oracleAddress',
        }),
    governanceRoles === undefined
      ? undefined
      : tryRead<`0x${string}`>(chain, { ...registry, functionName: 'ORACLE_ROLE' }),
  ]);
  if (named !== undefined) return sameAddress(named, oracle);
  const holds =
    role === undefined
      ? undefined
      : await tryRead<boolean>(chain, { ...registry, functionName: 'hasRole', args: [role, oracle] });
  if (holds !== undefined) return holds;
  throw new TvError('No contract tells which oracle is authorised.', { next: ['tv config show'] });
}
