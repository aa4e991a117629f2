import { type PairSignal, readPairSignals } from '../chain/oracle/readPairSignals.ts';
import { readNewestSignals } from '../chain/oracle/readSignals.ts';
import { namedPairs, type Pair, pairTitle } from '../chain/pairs/pair.ts';
import { readHead } from '../chain/readHead.ts';
import { type Protocol, stopsSignals } from '../chain/readProtocol.ts';
import { answer } from '../errors/answer.ts';
import { readEnvValue } from '../host/envFile.ts';
import { readEnvFile } from '../host/readEnvFile.ts';
import { readRelay } from '../host/readRelay.ts';
import type { Context } from '../runbook/context.ts';
import { count, duration, howMany } from '../text/format.ts';
import type { SampleValue } from './sample.ts';
import { unlessLate } from './unlessLate.ts';

/** Where no pair is named: those with a signal in so many newest blocks, or transactions. */
const lookBackBlocks = 5_000;

const enoughTransactions = 100;

/** How fresh the signals are: of the pairs in the settings, else of those with a signal lately. */
export async function oracle(
  ctx: Context,
  deployed: Promise<Protocol>,
  interval: Promise<number | undefined>,
): Promise<SampleValue> {
  const chain = ctx.chain();
  const named = namedPairs(ctx.settings);
  const pairs = named.length > 0 ? named : await pairsOfEvents(ctx);
  const [{ signals }, protocol] = await Promise.all([readPairSignals(chain, pairs), deployed]);
  return judgeOracle(signals, {
    expectsNone: stopsSignals(protocol),
    intervalSeconds: await unlessLate(ctx, interval),
    now: ctx.clock.now(),
  });
}

/** Seconds between two signals, as the relay was started or `.env` has it; undefined where neither can be read. */
export async function relayInterval(ctx: Context): Promise<number | undefined> {
  const { envFile: path } = ctx.settings.host;
  const file = await answer((async () => readEnvFile(ctx.host(), { path }))());
  const written = file.known ? Number(readEnvValue(file.value.text, 'ORACLE_UPDATE_INTERVAL')) : 0;
  const envIntervalSeconds = written > 0 ? written : null;
  // Of the command line only the interval is wanted: nothing in it is a pair here.
  const { pairs, intervalSeconds } = await readRelay(ctx, { envIntervalSeconds, isKey: () => true });
  return pairs.known || envIntervalSeconds !== null ? intervalSeconds : undefined;
}

async function pairsOfEvents(ctx: Context): Promise<readonly Pair[]> {
  const { number } = await readHead(ctx.chain());
  const fromBlock = Math.max(0, number - lookBackBlocks);
  const { signals } = await readNewestSignals(ctx.chain(), {
    fromBlock,
    toBlock: number,
    mostTransactions: enoughTransactions,
  });
  return [...new Set(signals.map(({ pair }) => pair))].map((id) => ({ id, name: null }));
}

/** On top of two intervals, what sending takes until it is in a block. In seconds. */
const sendingSeconds = 15;

export interface OracleExpectation {
  /** The contract accepts no signal now (paused). */
  readonly expectsNone: boolean;
  /** Between two signals of the relay; undefined where that is unknown. */
  readonly intervalSeconds: number | undefined;
  /** By the clock of this machine. */
  readonly now: Date;
}

/**
 * How fresh the signals are: by the contract's threshold, and by the relay's own interval. The second only
 * where both clocks say so: one that is ahead makes every signal look old.
 */
export function judgeOracle(
  signals: readonly PairSignal[],
  { expectsNone, intervalSeconds, now }: OracleExpectation,
): SampleValue {
  if (signals.length === 0) {
    const next = [{ tv: ['oracle', 'status'] }, 'name the pairs under "pairs" in the configuration file'];
    return { level: 'unknown', summary: 'no pair is known, neither from settings nor from events', next };
  }
  const wrong = signals.filter(({ health }) => health !== 'healthy');
  const data = Object.fromEntries(signals.map(({ pair, health }) => [pair.name ?? pair.id, health]));
  if (wrong.length === 0) {
    const newest = Math.min(...signals.map(({ ageSeconds }) => ageSeconds ?? 0));
    const summary = `${howMany(signals.length, 'pair')}, all healthy; newest signal ${duration(newest * 1000)} ago`;
    const age = Math.min(newest, now.getTime() / 1000 - Math.max(...signals.map(({ at }) => at)));
    if (expectsNone || intervalSeconds === undefined || age <= 2 * intervalSeconds + sendingSeconds) {
      return { level: 'ok', summary, data };
    }
    const late = `; the relay sends one every ${duration(intervalSeconds * 1000)}, and has missed at least two`;
    return { level: 'warning', summary: `${summary}${late}`, data, next: [{ tv: ['oracle', 'status'] }] };
  }
  const words = wrong.slice(0, 3).map(({ pair, health, ageSeconds }) => {
    const age = ageSeconds === null ? '' : ` for ${duration(ageSeconds * 1000)}`;
    return `${pairTitle(pair)} ${health === 'never' ? 'has no signal' : `${health}${age}`}`;
  });
  const more = wrong.length > words.length ? ` and ${count(wrong.length - words.length)} more` : '';
  const summary = `${count(wrong.length)} of ${howMany(signals.length, 'pair')} without a fresh signal: ${words.join(', ')}${more}`;
  if (expectsNone) return { level: 'warning', summary: `${summary}; none is accepted while paused`, data };
  const dead = wrong.some(({ health }) => health !== 'stale');
  return { level: dead ? 'critical' : 'warning', summary, data, next: [{ tv: ['oracle', 'status'] }] };
}
