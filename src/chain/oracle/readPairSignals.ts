import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { riskControllerAbi, type SignalAnswer } from '../abi/riskController.ts';
import { type Pair, pairTitle } from '../pairs/pair.ts';
import { readHead } from '../readHead.ts';
import { readMany } from '../readMany.ts';
import { tryRead } from '../tryRead.ts';
import { riskControllerOf } from './readAuthority.ts';

/** RUNBOOK.md, section 8: without a signal for so long an oracle is dead. In seconds. */
const deadAfterSeconds = 300;

export type SignalHealth = 'healthy' | 'stale' | 'dead' | 'never';

export type PairSignal = {
  readonly pair: Pair;
  readonly nonce: string;
  /** Seconds since 1970, of the last signal; 0 where there never was one. */
  readonly at: number;
  /** By the chain's own clock; null where there never was one. */
  readonly ageSeconds: number | null;
  readonly health: SignalHealth;
};

export interface PairSignals {
  readonly signals: readonly PairSignal[];
  /** The contract's threshold in seconds; undefined where it has none. */
  readonly stalenessSeconds: number | undefined;
  /** Seconds since 1970, of the newest block. */
  readonly now: number;
  readonly head: number;
}

/**
 * The last signal of each pair, judged by the chain's clock.
 * @throws TvError where no node answers, or the signal of a pair is unknown
 */
export async function readPairSignals(chain: Chain, pairs: readonly Pair[]): Promise<PairSignals> {
  const address = riskControllerOf(chain);
  const [head, threshold, answers] = await Promise.all([
    readHead(chain),
    tryRead<number>(chain, { address, abi: riskControllerAbi, functionName: 'oracleStalenessThreshold' }),
    readMany<SignalAnswer>(
      chain,
      pairs.map(({ id }) => ({
        ...{ address, abi: riskControllerAbi, functionName: 'latestSignals', args: [id] },
      })),
    ),
  ]);
  const signals = pairs.map((pair, index): PairSignal => {
    const answer = answers[index];
    if (answer === undefined) {
      throw new TvError(
        'chain.contract-mismatch',
        `The risk controller does not return the last signal of ${pairTitle(pair)}.`,
        {
          facts: { address, pair: pair.id },
          next: [{ when: 'check the address', tv: ['config', 'show'] }],
        },
      );
    }
    const [, , , , timestamp, nonce] = answer;
    const at = Number(timestamp);
    const ageSeconds = at === 0 ? null : Math.max(0, head.timestamp - at);
    const health = judge(ageSeconds, threshold);
    return { pair, nonce: String(nonce), at, ageSeconds, health };
  });
  return { signals, stalenessSeconds: threshold, now: head.timestamp, head: head.number };
}

function judge(age: number | null, threshold: number | undefined): SignalHealth {
  if (age === null) return 'never';
  // A contract that allows more than the runbook's five minutes outranks them.
  if (age > Math.max(deadAfterSeconds, threshold ?? 0)) return 'dead';
  return threshold !== undefined && age > threshold ? 'stale' : age > deadAfterSeconds ? 'dead' : 'healthy';
}
