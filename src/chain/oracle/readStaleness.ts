import type { Chain } from '../../runbook/context.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { tryRead } from '../tryRead.ts';
import { riskControllerOf } from './readAuthority.ts';

/**
 * The age from which on the risk controller takes no signal for fresh, in seconds; undefined where it has no such
 * threshold.
 * @throws TvError where no node answers
 */
export async function readStaleness(chain: Chain): Promise<number | undefined> {
  const address = riskControllerOf(chain);
  const call = { address, abi: riskControllerAbi, functionName: 'oracleStalenessThreshold' };
  const seconds = await tryRead<number | bigint>(chain, call);
  return seconds === undefined ? undefined : Number(seconds);
}
