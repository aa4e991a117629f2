import { pad, toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { newestLogs } from '../newestLogs.ts';
import { parseQuantity } from '../parseAnswer.ts';
import { readBlockTime, readHead } from '../readHead.ts';
import { type OracleAuthority, riskControllerOf } from './readAuthority.ts';

/** OpenZeppelin's AccessControl. */
const granted = toEventSelector('RoleGranted(bytes32,address,address)');
/** Of the original risk controller, which names its only oracle. */
const named = toEventSelector('OracleAddressUpdated(address,address)');
/** The age is decoration of the key's state: it is not waited for longer than this, in milliseconds. */
const defaultLimitMs = 4_000;

/** Since when an address is authorised: at that time, or before it, where older blocks were not read. */
export interface KeyAge {
  readonly kind: 'since' | 'before';
  /** Seconds since 1970. */
  readonly at: number;
  readonly block: number;
}

/**
 * When the address was authorised last, by the events of the registry, or of the controller that names its only
 * oracle: newest first, as far back as the node and the time allow.
 * @returns unknown where no such event could be found
 * @throws TvError where no node answers
 */
export async function readKeyAge(
  chain: Chain,
  {
    oracle,
    authority,
    limitMs = defaultLimitMs,
  }: {
    readonly oracle: Address;
    readonly authority: Pick<OracleAuthority, 'form' | 'roleId'>;
    /** Of the search for the event, in milliseconds. */
    readonly limitMs?: number;
  },
): Promise<Answer<KeyAge>> {
  const { number: head } = await readHead(chain);
  const account = pad(oracle.toLowerCase() as Address, { size: 32 });
  const source =
    authority.form === 'role'
      ? { address: registryOf(chain), topics: [granted, authority.roleId, account] }
      : { address: riskControllerOf(chain), topics: [named, null, account] };
  const found = await newestLogs(chain, {
    ...source,
    ...{ fromBlock: 0, toBlock: head, firstWidth: head + 1, limitMs },
    isEnough: (logs) => logs.length > 0,
  });
  const newest = found.logs.at(-1);
  if (newest !== undefined) {
    const block = parseQuantity(newest['blockNumber'], 'block number');
    const at = await answer(readBlockTime(chain, block));
    return at.known ? known({ kind: 'since', at: at.value, block }) : at;
  }
  if (found.unknown === undefined) return unknown('no event of the contracts says when it was authorised');
  if (found.since === null || found.since === 0) return unknown(found.unknown);
  const at = await answer(readBlockTime(chain, found.since));
  return at.known ? known({ kind: 'before', at: at.value, block: found.since }) : at;
}

function registryOf({ contracts }: Pick<Chain, 'contracts'>): Address {
  if (contracts.governanceRoles !== undefined) return contracts.governanceRoles;
  throw new TvError('config.setting-missing', 'The address of GovernanceRoles is not set.', {
    next: [{ tv: ['config', 'show'] }],
  });
}
