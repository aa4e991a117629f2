import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { tryRead } from '../tryRead.ts';

/** How many orders of a pair the strategy lists. @throws TvError where that is unknown */
export async function readActiveOrders(chain: Chain, pair: `0x${string}`): Promise<number> {
  const { dexStrategy } = chain.contracts;
  const orders =
    dexStrategy === undefined
      ? undefined
      : await tryRead<readonly bigint[]>(chain, {
          address: dexStrategy,
          abi: dexStrategyAbi,
          functionName: 'getActiveOrders',
          args: [pair],
        });
  if (orders !== undefined) return orders.length;
  throw new TvError('The strategy does not return its active orders.', {
    facts: { DexStrategy: dexStrategy ?? 'not set', pair },
    next: ['check the address: tv config show'],
  });
}
