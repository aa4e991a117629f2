import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { riskControllerAbi, type SignalAnswer } from '../abi/riskController.ts';
import { type Pair, pairTitle } from '../pairs/pair.ts';
import { type Head, readHead } from '../readHead.ts';
import { hasMulticall, readMany } from '../readMany.ts';
import { tryRead } from '../tryRead.ts';
import { type BreakerChange, readBreakerEvents } from './readBreakerEvents.ts';

/** The last signal of the oracle for a pair. */
export type Signal = {
  /** Seconds since 1970; 0 where there never was one. */
  readonly at: number;
  readonly referenceTick: number;
  /** Both sides of the book, in the contract's own unit. */
  readonly depth: string;
};

export type Breaker = {
  readonly pair: Pair;
  readonly open: boolean;
  /** Null where no change was found in the blocks that were read: see `since`. */
  readonly last: BreakerChange | null;
  /** Null where the contract does not return it. */
  readonly signal: Signal | null;
  /** Why the contract itself would not trade the pair; null where it does not return one. */
  readonly causes: readonly {
    readonly id: 'stale-oracle' | 'deviation' | 'thin-book';
    readonly words: string;
  }[];
};

export interface Breakers {
  readonly breakers: readonly Breaker[];
  /** Seconds since 1970, of the newest block: ages are judged by the chain's own clock. */
  readonly now: number;
  /** The newest block. */
  readonly head: Head;
  /** Undefined where the contract has no threshold. */
  readonly stalenessSeconds: number | undefined;
  /** The first block whose events were read; null where none could be. */
  readonly since: number | null;
  /** Why events before `since` were not read; undefined where all were. */
  readonly historyUnknown: string | undefined;
}

export interface ReadBreakersParameters {
  readonly pairs: readonly Pair[];
  /** Also pairs that were not named, where their breaker was ever used. */
  readonly discover: boolean;
}

const noPair = `0x${'0'.repeat(64)}` as const;

/**
 * The breakers of any number of pairs: state, last change, and whether the contract has a reason to
 * keep one open. Two or three HTTP requests where Multicall3 is there, whatever the number of pairs.
 * @throws TvError where no node answers, a breaker could not be read, or the contract has none
 */
export async function readBreakers(chain: Chain, parameters: ReadBreakersParameters): Promise<Breakers> {
  const address = riskController(chain);
  const one = <T>(functionName: string, args: readonly unknown[] = []) =>
    tryRead<T>(chain, { address, abi: riskControllerAbi, functionName, args });
  const readPairs = async (functionName: string, pairs: readonly Pair[]) => {
    const call = (name: string) =>
      pairs.map(({ id }) => ({ address, abi: riskControllerAbi, functionName: name, args: [id] }));
    const answers = await readMany<boolean | SignalAnswer>(chain, [
      ...call(functionName),
      ...call('latestSignals'),
    ]);
    return pairs.map((pair, index) => ({
      ...{ pair, open: answers[index] },
      signal: signalOf(answers[pairs.length + index] as SignalAnswer | undefined),
    }));
  };
  const naming = Promise.all([
    one<boolean>('pairCircuitBroken', [noPair]),
    one<boolean>('circuitBroken', [noPair]),
  ]).then(([deployed, runbook]) => nameOf(address, { deployed, runbook }));
  const heading = readHead(chain);
  const [head, events, functionName, named, threshold, minDepth, maxTick] = await Promise.all([
    heading,
    heading.then(({ number }) => readBreakerEvents(chain, { riskController: address, head: number })),
    naming,
    // They do not wait for the events, which take several requests.
    naming.then((name) => readPairs(name, parameters.pairs)),
    one<number>('oracleStalenessThreshold'),
    one<bigint>('minDepthThreshold'),
    one<number>('maxTickDeviation'),
    hasMulticall(chain),
  ]);
  // Without their history the pairs that only events name are missing: `historyUnknown` says so.
  const others = parameters.discover ? notNamed(parameters.pairs, events.last.keys()) : [];
  const read = [...named, ...(await readPairs(functionName, others))];
  const limits = { threshold, minDepth, maxTick, head };
  const breakers = read.map(({ pair, open, signal }): Breaker => {
    if (typeof open !== 'boolean') {
      throw new TvError(
        'chain.contract-mismatch',
        `The risk controller does not return the breaker of ${pairTitle(pair)}.`,
        {
          facts: { address, pair: pair.id },
          next: [{ when: 'check the address', tv: ['config', 'show'] }],
        },
      );
    }
    return { pair, open, last: events.last.get(pair.id) ?? null, signal, causes: causes(signal, limits) };
  });
  const { since, unknown } = events;
  return { breakers, now: head.timestamp, head, stalenessSeconds: threshold, since, historyUnknown: unknown };
}

function riskController({ contracts }: Chain): Address {
  if (contracts.riskController !== undefined) return contracts.riskController;
  throw new TvError('config.setting-missing', 'The address of RiskController is not set.', {
    next: [{ tv: ['config', 'show'] }],
  });
}

/** The function that returns a breaker, in the contract as deployed or as the runbook has it. */
function nameOf(
  address: Address,
  { deployed, runbook }: Readonly<Record<'deployed' | 'runbook', boolean | undefined>>,
): string {
  if (deployed !== undefined) return 'pairCircuitBroken';
  if (runbook !== undefined) return 'circuitBroken';
  throw new TvError('chain.contract-mismatch', 'The risk controller returns no circuit breaker.', {
    facts: { address, asked: 'pairCircuitBroken(bytes32), circuitBroken(bytes32)' },
    next: [{ when: 'check the address', tv: ['config', 'show'] }],
  });
}

function notNamed(named: readonly Pair[], used: Iterable<`0x${string}`>): readonly Pair[] {
  const ids = new Set(named.map(({ id }) => id));
  return [...used].filter((id) => !ids.has(id)).map((id) => ({ id, name: null }));
}

function signalOf(answer: SignalAnswer | undefined): Signal | null {
  if (answer === undefined) return null;
  const [referenceTick, , bid, ask, timestamp] = answer;
  return { at: Number(timestamp), referenceTick, depth: (bid + ask).toString() };
}

interface Limits {
  readonly threshold: number | undefined;
  readonly minDepth: bigint | undefined;
  readonly maxTick: number | undefined;
  readonly head: Head;
}

/** Where the contract returns its limits: what is outside of them. */
function causes(signal: Signal | null, { threshold, minDepth, maxTick, head }: Limits): Breaker['causes'] {
  if (signal === null) return [];
  const found: { id: Breaker['causes'][number]['id']; words: string }[] = [];
  if (threshold !== undefined && head.timestamp - signal.at > threshold) {
    const age =
      signal.at === 0 ? 'there was never a signal' : `the last signal is ${head.timestamp - signal.at} s old`;
    found.push({ id: 'stale-oracle', words: `${age}, ${threshold} s are allowed` });
  }
  if (maxTick !== undefined && Math.abs(signal.referenceTick) > maxTick) {
    found.push({ id: 'deviation', words: `tick ${signal.referenceTick} is beyond ±${maxTick}` });
  }
  if (minDepth !== undefined && BigInt(signal.depth) < minDepth) {
    found.push({ id: 'thin-book', words: `the book's depth is ${signal.depth}, ${minDepth} is needed` });
  }
  return found;
}
