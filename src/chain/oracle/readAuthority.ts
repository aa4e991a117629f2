import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { holdsRole } from '../holdsRole.ts';
import { readDeployment } from '../intents/readDeployment.ts';
import { sameAddress } from '../sameAddress.ts';
import { tryRead } from '../tryRead.ts';

/**
 * How an oracle is authorised: `one-address` where the controller names its only oracle, `role` where
 * every holder of ORACLE counts.
 */
export type OracleForm = 'one-address' | 'role';

export interface OracleAuthority {
  readonly form: OracleForm;
  /** Whose signals are accepted now, as far as it could be read. */
  readonly valid: readonly Address[];
  /** Why there may be others; undefined where `valid` is the whole list. */
  readonly validUnknown: string | undefined;
  readonly roleId: `0x${string}`;
}

/** Who may sign oracle signals. @throws TvError where no node answers, or a contract is not set */
export async function readAuthority(chain: Chain): Promise<OracleAuthority> {
  const address = riskControllerOf(chain);
  const [named, { roles }] = await Promise.all([
    tryRead<Address>(chain, { address, abi: riskControllerAbi, functionName: 'oracleAddress' }),
    readDeployment(chain),
  ]);
  const { id: roleId, members, seen } = roles.ORACLE;
  if (named !== undefined) return { form: 'one-address', valid: [named], validUnknown: undefined, roleId };
  return { form: 'role', valid: seen, validUnknown: members.known ? undefined : members.reason, roleId };
}

export function riskControllerOf({ contracts }: Pick<Chain, 'contracts'>): Address {
  if (contracts.riskController !== undefined) return contracts.riskController;
  throw new TvError('config.setting-missing', 'The address of RiskController is not set.', {
    next: [{ tv: ['config', 'show'] }],
  });
}

/**
 * Whether the registry says that an account holds ORACLE, also where it lists no holder.
 * @throws TvError where the registry does not answer: that is no "no"
 */
export async function holdsOracleRole(
  chain: Chain,
  { account, roleId }: { readonly account: Address; readonly roleId: `0x${string}` },
): Promise<boolean> {
  return holdsRole(chain, { account, role: roleId });
}

/** Whether signals of this account are accepted. @throws TvError where that is unknown */
export async function isOracle(chain: Chain, account: Address, known?: OracleAuthority): Promise<boolean> {
  const authority = known ?? (await readAuthority(chain));
  if (authority.valid.some((one) => sameAddress(one, account))) return true;
  return authority.form === 'role' && holdsOracleRole(chain, { account, roleId: authority.roleId });
}

/** Whose signals are accepted, for a person; says where the list is not complete. */
export function authorisedWords({ valid, validUnknown }: OracleAuthority): string {
  const listed = valid.join(', ');
  if (validUnknown === undefined) return listed === '' ? 'no account' : listed;
  return listed === '' ? `unknown (${validUnknown})` : `${listed}, perhaps others (${validUnknown})`;
}
