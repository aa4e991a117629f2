import type { Address } from '../config/settings.ts';
import type { Chain } from '../runbook/context.ts';
import { firstWords } from '../text/firstWords.ts';
import { signalOf } from './connectChain.ts';
import { contractAddresses } from './contracts.ts';
import { describeRpcError } from './describeRpcError.ts';
import { misfit } from './parseAnswer.ts';
import { readHead } from './readHead.ts';
import { firstWidth, mayBeTooWide } from './readLogs.ts';
import { rpcFailure } from './rpcFailure.ts';
import { promisesLogs } from './testLogIndex.ts';

/** Enough to search 2^38 blocks. */
const mostProbes = 38;
const defaultLimitMs = 20_000;

export interface ProbeHistoryParameters {
  readonly block: number;
  /** Limit of the search for `firstServed`, in milliseconds; the answer for `block` itself always comes. */
  readonly limitMs?: number;
}

export interface History {
  readonly served: boolean;
  /** The head at the time of asking. */
  readonly head: number;
  /** Where the node refuses wide ranges of logs: how many blocks it serves at once. */
  readonly blocksAtOnce?: number;
  /** Why it is not served, in plain words, to follow a colon. */
  readonly reason?: string;
  /** The first later block from which the node serves everything; absent where none was found in time. */
  readonly firstServed?: number;
}

/**
 * Whether the nodes still serve a block and its logs, and a range of blocks from there on, which a reindex needs. A pruned
 * node says so in one of many ways, or silently returns no logs (older reth and erigon),
 * which the block's bloom filter gives away.
 * @throws TvError where no node answers
 */
export async function probeHistory(chain: Chain, parameters: ProbeHistoryParameters): Promise<History> {
  const { block, limitMs = defaultLimitMs } = parameters;
  const deadline = performance.now() + limitMs;
  const head = (await readHead(chain)).number;
  if (block > head) return { served: false, head, reason: 'it is above the head' };
  const reason = await whyNotServed(chain, block);
  if (reason === undefined) {
    const blocksAtOnce = await widestRange(chain, { from: block, head });
    return { served: true, head, ...(blocksAtOnce === undefined ? {} : { blocksAtOnce }) };
  }

  let missing = block;
  let served = head;
  try {
    if (missing === head || (await whyNotServed(chain, head)) !== undefined)
      return { served: false, head, reason };
    for (let probes = 0; served - missing > 1; probes++) {
      if (probes === mostProbes || performance.now() > deadline) return { served: false, head, reason };
      const middle = missing + Math.floor((served - missing) / 2);
      if ((await whyNotServed(chain, middle)) === undefined) served = middle;
      else missing = middle;
    }
  } catch (error) {
    // The question itself is answered; where history begins would have been a kindness.
    if (signalOf(chain)?.aborted) throw error;
    return { served: false, head, reason };
  }
  return { served: false, head, reason, firstServed: served };
}

async function whyNotServed(chain: Chain, block: number): Promise<string | undefined> {
  const at = `0x${block.toString(16)}` as const;
  const range = { fromBlock: at, toBlock: at };
  const addresses = contractAddresses(chain);
  const [body, all, ours] = await Promise.allSettled([
    chain.client.request({ method: 'eth_getBlockByNumber', params: [at, false] }),
    chain.client.request({ method: 'eth_getLogs', params: [range] }),
    // Erigon answers one of the two forms and not the other, depending on what it has pruned.
    addresses.length === 0
      ? undefined
      : chain.client.request({
          method: 'eth_getLogs',
          params: [{ ...range, address: addresses as Address[] }],
        }),
  ]);
  for (const answer of [body, all, ours]) {
    if (answer.status === 'fulfilled') continue;
    const failure = rpcFailure(answer.reason);
    if (failure.kind === 'pruned') return firstWords(failure.message);
    // Public nodes refuse logs without an address; then the ones with our addresses decide.
    if (answer === all && ['rejected', 'too-much'].includes(failure.kind) && addresses.length > 0) continue;
    throw describeRpcError(answer.reason, chain);
  }
  if (body.status === 'fulfilled' && body.value === null) return 'the node does not have the block';
  if (all.status === 'fulfilled' && body.status === 'fulfilled') {
    if (!Array.isArray(all.value)) throw misfit(all.value, 'list of logs');
    const promised = promisesLogs(body.value?.logsBloom);
    if (promised && all.value.length === 0) return 'the block has logs, and the node returns none of them';
  }
  return undefined;
}

/**
 * A single block says nothing of a range. A wide one is tried as the comparison after a reindex reads
 * it: halved while it is refused, in whatever words, down to one block.
 * @returns undefined where the first one is served
 * @throws TvError where the node fails for another reason than the range
 */
async function widestRange(
  chain: Chain,
  { from, head }: { readonly from: number; readonly head: number },
): Promise<number | undefined> {
  const address = [...contractAddresses(chain)];
  const widest = Math.min(firstWidth, head - from + 1);
  if (address.length === 0) return undefined;
  for (let width = widest; width > 1; width = Math.ceil(width / 2)) {
    const hex = (number: number): `0x${string}` => `0x${number.toString(16)}`;
    const range = { fromBlock: hex(from), toBlock: hex(from + width - 1), address };
    try {
      await chain.client.request({ method: 'eth_getLogs', params: [range] });
      return width === widest ? undefined : width;
    } catch (error) {
      if (!mayBeTooWide(rpcFailure(error))) throw describeRpcError(error, chain);
    }
  }
  return widest === 1 ? undefined : 1;
}
