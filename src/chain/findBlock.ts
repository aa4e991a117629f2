import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { parseObject, parseQuantity } from './parseAnswer.ts';
import type { Head } from './readHead.ts';
import { rpcFailure } from './rpcFailure.ts';

/** A chain makes about one block a second; a wrong guess costs nothing: wider ones are asked for with it. */
const guessedBlocksPerSecond = 1;
const fewestBack = 16;
const widening = 4;
/** Blocks that are asked for at once: they travel in one batch. */
const probes = 15;

export interface FoundBlock {
  readonly number: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** The nodes do not have the block before it: there may be earlier ones of the time asked for. */
  readonly isFirstKept: boolean;
}

interface Probe {
  readonly number: number;
  /** Undefined where the nodes do not have the block any more. */
  readonly time: number | undefined;
}

/**
 * The first block that was made at a time or later, by a search over the times of blocks: some four round trips for
 * the last hour, some seven for a chain of a hundred million blocks. A block that the nodes do not have counts as
 * earlier.
 * @param parameters.at seconds since 1970
 * @param parameters.head the newest block to be considered
 * @returns undefined where the head is older
 * @throws TvError where no node answers
 */
export async function findBlockAt(
  chain: Chain,
  { at, head }: { readonly at: number; readonly head: Pick<Head, 'number' | 'timestamp'> },
): Promise<FoundBlock | undefined> {
  if (head.timestamp < at) return undefined;
  let after = { number: head.number, time: head.timestamp };
  let before: Probe | undefined;
  const narrow = (probed: readonly Probe[]) => {
    for (const { number, time } of probed) {
      if (time === undefined || time < at) before = { number, time };
      else {
        after = { number, time };
        return;
      }
    }
  };
  narrow(await readTimes(chain, backwards(head, at)));
  if (before === undefined) return { number: after.number, timestamp: after.time, isFirstKept: false };
  for (let low: Probe = before; after.number - low.number > 1; low = before ?? low) {
    const step = Math.max(1, (after.number - low.number) / (probes + 1));
    const numbers = Array.from({ length: probes }, (_, index) => low.number + Math.round(step * (index + 1)));
    narrow(
      await readTimes(
        chain,
        numbers.filter((number) => number < after.number),
      ),
    );
  }
  return { number: after.number, timestamp: after.time, isFirstKept: before.time === undefined };
}

/** Blocks at growing distances from the head, the oldest first; the last of them is block 0. */
function backwards(head: Pick<Head, 'number' | 'timestamp'>, at: number): readonly number[] {
  const numbers: number[] = [];
  const guess = Math.ceil((head.timestamp - at) * guessedBlocksPerSecond);
  for (let back = Math.max(fewestBack, guess); back < head.number; back *= widening) {
    numbers.push(head.number - back);
  }
  return [...numbers, 0].toReversed();
}

async function readTimes(chain: Chain, numbers: readonly number[]): Promise<readonly Probe[]> {
  return Promise.all(
    [...new Set(numbers)].map(async (number) => ({ number, time: await timeIfKept(chain, number) })),
  );
}

async function timeIfKept(chain: Chain, number: number): Promise<number | undefined> {
  let block: unknown;
  try {
    const params = [`0x${number.toString(16)}`, false] as const;
    block = await chain.client.request({ method: 'eth_getBlockByNumber', params: [...params] });
  } catch (error) {
    if (rpcFailure(error).kind === 'pruned') return undefined;
    return await described(chain, Promise.reject(error));
  }
  return block === null ? undefined : parseQuantity(parseObject(block, 'block')['timestamp'], 'block time');
}
