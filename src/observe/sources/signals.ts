import { type PairSignal, readPairSignals } from '../../chain/oracle/readPairSignals.ts';
import { readNewestSignals } from '../../chain/oracle/readSignals.ts';
import { namedPairs, type Pair } from '../../chain/pairs/pair.ts';
import { readHead } from '../../chain/readHead.ts';
import type { Context } from '../../runbook/context.ts';
import { duration, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';

/** Where no pair is named: those with a signal in so many newest blocks, or transactions. */
const lookBackBlocks = 5_000;

const enoughTransactions = 100;

export interface Signals {
  readonly signals: readonly PairSignal[];
  /** The contract's threshold in seconds; undefined where it has none. */
  readonly stalenessSeconds: number | undefined;
}

/** The last signal of each pair: of the pairs in the settings, else of those with a signal lately. */
export const signals: Source<Signals> = {
  title: 'signals',
  read: (reader) =>
    ofTheChain(reader, async (ctx) => {
      const named = namedPairs(ctx.settings);
      const pairs = named.length > 0 ? named : await pairsOfEvents(ctx);
      return readPairSignals(ctx.chain(), pairs);
    }),
  describe: ({ signals: all }) => {
    const ages = all.flatMap(({ ageSeconds }) => (ageSeconds === null ? [] : [ageSeconds]));
    if (ages.length === 0) return all.length === 0 ? 'no pair is known' : 'none was ever sent';
    return `${howMany(all.length, 'pair')}, the newest signal ${duration(Math.min(...ages) * 1000)} old`;
  },
};

async function pairsOfEvents(ctx: Context): Promise<readonly Pair[]> {
  const { number } = await readHead(ctx.chain());
  const found = await readNewestSignals(ctx.chain(), {
    fromBlock: Math.max(0, number - lookBackBlocks),
    toBlock: number,
    mostTransactions: enoughTransactions,
  });
  return [...new Set(found.signals.map(({ pair }) => pair))].map((id) => ({ id, name: null }));
}
