import { namedPairs } from '../../chain/pairs/pair.ts';
import { type Resting, readResting } from '../../chain/treasury/readResting.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import { howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { breakers } from './breakers.ts';
import { protocol } from './protocol.ts';

/**
 * What rests on the DEX while the protocol is paused or a breaker is open: orders are still filled then. Undefined
 * where neither is so; unknown where that is not known.
 */
export const orders: Source<Answer<Resting> | undefined> = {
  title: 'orders',
  read: async (reader) => {
    const [{ paused }, found] = await Promise.all([reader.read(protocol), reader.answer(breakers)]);
    const open = found.known ? found.value.breakers.filter((one) => one.open).map(({ pair }) => pair) : [];
    // Where a stop may be one that is not known, "none to look for" is not known either.
    const doubt =
      paused === true
        ? undefined
        : paused === undefined
          ? 'no contract returns the paused state'
          : found.known
            ? found.value.historyUnknown
            : found.reason;
    if (paused !== true && open.length === 0) return doubt === undefined ? undefined : unknown(doubt);
    const { ctx } = reader;
    const named = [...namedPairs(ctx.settings), ...open.filter(({ name }) => name === null)];
    // Shorter than the limit of this source: what was read until then is shown.
    const resting = await readResting(ctx.chain(), {
      pairs: paused === true ? named : open,
      all: paused === true,
      limitMs: ctx.settings.monitor.limitMs / 2,
    });
    if (doubt === undefined || !resting.known) return resting;
    const reasons = [resting.value.unknown, doubt].filter((reason) => reason !== null);
    return known({ ...resting.value, unknown: reasons.join('; ') });
  },
  describe: (resting) => {
    if (resting === undefined) return undefined;
    if (!resting.known) return `unknown: ${resting.reason}`;
    const { pairs, unknown } = resting.value;
    const words =
      pairs.length === 0 ? 'none rests on the DEX' : `rest on the DEX for ${howMany(pairs.length, 'pair')}`;
    return unknown === null ? words : `${words}; more may rest there: ${unknown}`;
  },
};
