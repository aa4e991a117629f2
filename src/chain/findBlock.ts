import type { Chain } from '../runbook/context.ts';
import { type Head, readBlockTime } from './readHead.ts';

/** A chain makes about one block a second; a wrong guess costs a few requests. */
const guessedBlocksPerSecond = 1;
const fewestBack = 16;
const widening = 4;

/**
 * The first block that was made at a time or later, by bisection over the times of blocks: some ten requests for
 * the last hour, some thirty for the whole chain.
 * @param parameters.at seconds since 1970
 * @param parameters.head the newest block to be considered
 * @returns undefined where the head is older
 * @throws TvError where no node answers, or has no such block
 */
export async function findBlockAt(
  chain: Chain,
  { at, head }: { readonly at: number; readonly head: Pick<Head, 'number' | 'timestamp'> },
): Promise<number | undefined> {
  if (head.timestamp < at) return undefined;
  let after = { number: head.number, time: head.timestamp };
  let before: { readonly number: number; readonly time: number } | undefined;
  const guess = Math.ceil((head.timestamp - at) * guessedBlocksPerSecond);
  for (let back = Math.max(fewestBack, guess); before === undefined; back *= widening) {
    const number = Math.max(0, head.number - back);
    const time = await readBlockTime(chain, number);
    if (time < at) before = { number, time };
    else if (number === 0) return 0;
    else after = { number, time };
  }
  // By the rate between both ends, and every other time by halves: blocks need not be made evenly.
  for (let halves = false; after.number - before.number > 1; halves = !halves) {
    const span: number = after.number - before.number;
    const share = halves ? 0.5 : (at - before.time) / Math.max(1, after.time - before.time);
    const step: number = Math.min(span - 1, Math.max(1, Math.round(span * share)));
    const number: number = before.number + step;
    const time = await readBlockTime(chain, number);
    if (time < at) before = { number, time };
    else after = { number, time };
  }
  return after.number;
}
