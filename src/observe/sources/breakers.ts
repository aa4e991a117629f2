import { type Breakers, readBreakers } from '../../chain/breakers/readBreakers.ts';
import { namedPairs } from '../../chain/pairs/pair.ts';
import { count } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';

/** All breakers: of the pairs in the settings, and of all whose breaker was ever used. */
export const breakers: Source<Breakers> = {
  title: 'breakers',
  read: (reader) =>
    ofTheChain(reader, (ctx) =>
      readBreakers(ctx.chain(), { pairs: namedPairs(ctx.settings), discover: true }),
    ),
  describe: ({ breakers: all, historyUnknown }) => {
    const open = all.filter((breaker) => breaker.open).length;
    const words =
      open === 0 ? `none of ${count(all.length)} open` : `${count(open)} of ${count(all.length)} OPEN`;
    if (historyUnknown === undefined) return all.length === 0 ? 'none was ever used' : words;
    return `${all.length === 0 ? 'none is known' : words}; those that only events name unknown: ${historyUnknown}`;
  },
};
