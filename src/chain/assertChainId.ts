import { exitCodes, TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { checkChainIds, type NodeAnswer } from './checkChainIds.ts';
import { readChainId } from './readChainId.ts';

/** A node is on another chain than the settings name: nothing that it says is about this TempoVault. */
export class WrongChainError extends TvError {
  override readonly name = 'WrongChainError';
}

/** The chain's id. @throws WrongChainError; TvError where no node answers */
export async function assertChainId(chain: Chain): Promise<number> {
  return (await assertNodes(chain)).id;
}

/**
 * The chain's id, and what each node answered. Each is asked by itself, since a read may come from any of them.
 * @throws WrongChainError; TvError where no node answers
 */
export async function assertNodes(
  chain: Chain,
): Promise<{ readonly id: number; readonly nodes: readonly NodeAnswer[] }> {
  // The second reports why no node answers. They share one request.
  const [nodes, id] = await Promise.all([checkChainIds(chain), readChainId(chain)]);
  const wrong = nodes.find((node) => node.id !== undefined && node.id !== chain.expectedId);
  assertExpected(chain, wrong?.id ?? id, wrong?.url);
  return { id, nodes };
}

/** @throws WrongChainError where the settings name another chain */
export function assertExpected(
  { expectedId, urls }: Pick<Chain, 'expectedId' | 'urls'>,
  id: number,
  url?: string,
): void {
  if (expectedId === undefined || id === expectedId) return;
  throw new WrongChainError('chain.wrong-chain', `The RPC node is on chain ${id}, not ${expectedId}.`, {
    facts: { node: url ?? urls.join(', ') },
    next: [
      { when: `set RPC_URL to a node of chain ${expectedId}, or mend CHAIN_ID`, tv: ['config', 'show'] },
    ],
    exitCode: exitCodes.blocked,
  });
}

/**
 * What was read, once the chain is known to be the right one; else that is the error, whatever the
 * reading made of a foreign chain. Both are pending at once, so that they share a request.
 */
export async function onRightChain<T>(right: Promise<unknown>, reading: Promise<T>): Promise<T> {
  reading.catch(() => {});
  await right;
  return reading;
}
